unit_tests += \
	tests/unit/master/invite_test \
	tests/unit/master/listen_test \
	tests/unit/master/master_test
tests_unit_master_invite_test_LDADD = libkith.a $(server_libs)
tests_unit_master_listen_test_LDADD = $(server_libs)
tests_unit_master_master_test_SOURCES = tests/unit/master/master_test.c $(tmpdir_kit)
tests_unit_master_master_test_LDADD = $(server_libs)
