unit_tests += \
	tests/unit/store/store_account_test \
	tests/unit/store/store_test
tests_unit_store_store_account_test_SOURCES = tests/unit/store/store_account_test.c $(store_kit)
tests_unit_store_store_account_test_LDADD = $(server_libs)
tests_unit_store_store_test_SOURCES = tests/unit/store/store_test.c \
	tests/unit/store/store_test.h \
	tests/unit/store/store_send_test.c \
	tests/unit/store/store_group_test.c \
	tests/unit/store/store_incarnation_test.c \
	tests/unit/store/store_news_test.c \
	tests/unit/store/store_read_test.c \
	tests/unit/store/store_fault_test.c $(store_kit)
tests_unit_store_store_test_LDADD = $(server_libs)
