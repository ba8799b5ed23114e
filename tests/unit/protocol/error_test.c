/* error_test.c - promises of protocol/error.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/error.h"
#include "protocol/error.pb-c.h"

static const ProtobufCEnumDescriptor *const schema = &kith__v1__error_code__descriptor;

static void
table_and_schema_agree(void **state)
{
	(void)state;
	assert_int_equal(schema->n_values, KITH_E_COUNT);
	for (unsigned i = 0; i < schema->n_values; i++) {
		assert_int_equal(schema->values[i].value, i);
		assert_string_equal(kith_err_name(i), schema->values[i].name);
	}
}

static void
every_code_has_a_text_without_full_stop(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < KITH_E_COUNT; code++) {
		const char *text = kith_err_text(code);

		assert_true(strlen(text) > 3);
		assert_int_not_equal(text[strlen(text) - 1], '.');
	}
}

static void
only_ok_exits_with_0(void **state)
{
	(void)state;
	assert_int_equal(kith_err_exit(KITH_E_OK), 0);
	for (uint32_t code = 1; code < KITH_E_COUNT; code++)
		assert_in_range(kith_err_exit(code), 1, 8);
}

static void
unknown_codes_are_named_so(void **state)
{
	static const uint32_t codes[] = { KITH_E_COUNT, 1000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_string_equal(kith_err_name(codes[i]), "UNKNOWN");
		assert_string_equal(kith_err_text(codes[i]), "unknown error");
		assert_int_equal(kith_err_exit(codes[i]), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_and_schema_agree),
		cmocka_unit_test(every_code_has_a_text_without_full_stop),
		cmocka_unit_test(only_ok_exits_with_0),
		cmocka_unit_test(unknown_codes_are_named_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
