unit_tests += \
	tests/unit/auth/auth_limit_test \
	tests/unit/auth/auth_test \
	tests/unit/auth/password_test
tests_unit_auth_auth_limit_test_LDADD = $(server_libs)
tests_unit_auth_auth_test_SOURCES = tests/unit/auth/auth_test.c $(auth_kit)
tests_unit_auth_auth_test_LDADD = $(server_libs)
tests_unit_auth_password_test_LDADD = $(server_libs)
