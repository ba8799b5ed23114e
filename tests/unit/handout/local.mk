unit_tests += \
	tests/unit/handout/handout_test \
	tests/unit/handout/page_test
tests_unit_handout_handout_test_LDADD = $(server_libs)
tests_unit_handout_page_test_SOURCES = tests/unit/handout/page_test.c $(tmpdir_kit)
tests_unit_handout_page_test_LDADD = $(server_libs)
