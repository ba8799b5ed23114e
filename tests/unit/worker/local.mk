unit_tests += \
	tests/unit/worker/accept_test \
	tests/unit/worker/conn_test \
	tests/unit/worker/dispatch_test \
	tests/unit/worker/secret_test \
	tests/unit/worker/session_test \
	tests/unit/worker/worker_test
tests_unit_worker_accept_test_SOURCES = tests/unit/worker/accept_test.c $(worker_kit)
tests_unit_worker_accept_test_LDADD = $(server_libs)
tests_unit_worker_conn_test_SOURCES = tests/unit/worker/conn_test.c $(worker_kit)
tests_unit_worker_conn_test_LDADD = $(server_libs)
tests_unit_worker_dispatch_test_LDADD = $(server_libs)
tests_unit_worker_secret_test_SOURCES = tests/unit/worker/secret_test.c $(worker_kit)
tests_unit_worker_secret_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_unit_worker_secret_test_LDADD = $(server_libs)
tests_unit_worker_session_test_SOURCES = tests/unit/worker/session_test.c $(worker_kit)
tests_unit_worker_session_test_LDADD = $(server_libs)
tests_unit_worker_worker_test_SOURCES = tests/unit/worker/worker_test.c $(worker_kit)
tests_unit_worker_worker_test_LDADD = $(server_libs)
