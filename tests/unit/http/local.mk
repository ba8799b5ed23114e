unit_tests += \
	tests/unit/http/http_test \
	tests/unit/http/web_rules_test
tests_unit_http_http_test_SOURCES = tests/unit/http/http_test.c $(heap_kit)
tests_unit_http_http_test_LDFLAGS = $(malloc_ldflags)
tests_unit_http_http_test_LDADD = $(server_libs)
tests_unit_http_web_rules_test_LDADD = $(server_libs)
