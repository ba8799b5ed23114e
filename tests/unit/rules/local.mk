unit_tests += \
	tests/unit/rules/conv_test \
	tests/unit/rules/hook_test \
	tests/unit/rules/may_test \
	tests/unit/rules/name_test \
	tests/unit/rules/token_test
tests_unit_rules_conv_test_LDADD = $(server_libs)
tests_unit_rules_hook_test_LDADD = $(server_libs)
tests_unit_rules_may_test_LDADD = $(server_libs)
tests_unit_rules_name_test_LDADD = $(server_libs)
tests_unit_rules_token_test_LDADD = $(server_libs)
