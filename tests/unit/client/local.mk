unit_tests += \
	tests/unit/client/client_queue_test \
	tests/unit/client/client_state_test \
	tests/unit/client/commands_test \
	tests/unit/client/kith_test \
	tests/unit/client/net_tls_test \
	tests/unit/client/out_test \
	tests/unit/client/profile_test \
	tests/unit/client/url_test
tests_unit_client_client_queue_test_LDADD = $(client_libs)
tests_unit_client_client_state_test_LDADD = $(client_libs)
tests_unit_client_commands_test_LDADD = $(client_libs) $(READLINE_LIBS)
tests_unit_client_kith_test_LDADD = $(client_libs)
tests_unit_client_net_tls_test_LDADD = $(client_libs)
tests_unit_client_out_test_LDADD = $(client_libs)
tests_unit_client_profile_test_SOURCES = tests/unit/client/profile_test.c $(tmpdir_kit)
tests_unit_client_profile_test_LDADD = $(client_libs)
tests_unit_client_url_test_LDADD = $(client_libs)
