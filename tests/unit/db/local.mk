unit_tests += \
	tests/unit/db/db_test
tests_unit_db_db_test_SOURCES = tests/unit/db/db_test.c $(mariadb_kit)
tests_unit_db_db_test_LDADD = $(server_libs)
