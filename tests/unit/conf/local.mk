unit_tests += \
	tests/unit/conf/conf_test
tests_unit_conf_conf_test_SOURCES = tests/unit/conf/conf_test.c $(tmpdir_kit)
tests_unit_conf_conf_test_LDADD = $(server_libs)
