unit_tests += \
	tests/unit/client/client_state_test \
	tests/unit/client/out_test \
	tests/unit/client/profile_test \
	tests/unit/client/url_test
tests_unit_client_client_state_test_LDADD = $(client_libs)
tests_unit_client_out_test_LDADD = $(client_libs)
tests_unit_client_profile_test_SOURCES = tests/unit/client/profile_test.c $(tmpdir_kit)
tests_unit_client_profile_test_LDADD = $(client_libs)
tests_unit_client_url_test_LDADD = $(client_libs)
