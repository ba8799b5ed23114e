unit_tests += \
	tests/unit/lib/client_id_test \
	tests/unit/lib/index_test \
	tests/unit/lib/limit_test \
	tests/unit/lib/log_test \
	tests/unit/lib/netname_test
tests_unit_lib_client_id_test_LDADD = $(server_libs)
tests_unit_lib_index_test_LDADD = $(server_libs)
tests_unit_lib_limit_test_LDADD = $(server_libs)
tests_unit_lib_log_test_LDADD = $(server_libs)
tests_unit_lib_netname_test_LDADD = $(server_libs)
