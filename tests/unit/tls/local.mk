unit_tests += \
	tests/unit/tls/tls_test
tests_unit_tls_tls_test_SOURCES = tests/unit/tls/tls_test.c $(tmpdir_kit)
tests_unit_tls_tls_test_LDADD = $(server_libs)
