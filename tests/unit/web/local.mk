unit_tests += \
	tests/unit/web/call_phase_test \
	tests/unit/web/call_test
tests_unit_web_call_phase_test_LDADD = $(server_libs)
tests_unit_web_call_test_SOURCES = tests/unit/web/call_test.c $(worker_kit)
tests_unit_web_call_test_LDADD = $(server_libs)
