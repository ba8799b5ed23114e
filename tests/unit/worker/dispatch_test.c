/*
 * dispatch_test.c - the table of requests against the schema.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "server/proc/ipc.h"
#include "server/worker/dispatch.h"
#include "server/worker/session.h"

#define NUMBERS	5000u			/* no field number of a request is higher */

static const ProtobufCFieldDescriptor *
body(uint32_t number)
{
	const ProtobufCFieldDescriptor *f;

	f = protobuf_c_message_descriptor_get_field(&kith__v1__request__descriptor, number);
	return f != NULL && f->type == PROTOBUF_C_TYPE_MESSAGE ? f : NULL;
}

static void
every_request_has_one_row(void **state)
{
	unsigned bodies = 0;

	(void)state;
	for (uint32_t n = 0; n < NUMBERS; n++) {
		assert_int_equal(dispatch_find(n) != NULL, body(n) != NULL);
		bodies += body(n) != NULL;
	}
	/* All fields but the id. */
	assert_int_equal(bodies, kith__v1__request__descriptor.n_fields - 1);
	assert_null(dispatch_find(UINT32_MAX));
}

static void
names_are_unique(void **state)
{
	(void)state;
	for (uint32_t a = 0; a < NUMBERS; a++)
		for (uint32_t b = 0; b < a && dispatch_find(a) != NULL; b++)
			if (dispatch_find(b) != NULL)
				assert_string_not_equal(dispatch_find(a)->name,
				    dispatch_find(b)->name);
}

/* What a row says fits together. */
static void
rows_make_sense(void **state)
{
	static const enum ipc_type types[ROLE_COUNT] = {
		[ROLE_WRITER] = IPC_REQUEST, [ROLE_READER] = IPC_QUERY, [ROLE_AUTH] = IPC_AUTH,
	};
	const struct dispatch_row *row;

	(void)state;
	for (uint32_t n = 0; n < NUMBERS; n++) {
		if ((row = dispatch_find(n)) == NULL)
			continue;
		assert_int_not_equal(row->states, 0);
		assert_int_equal(row->states & ~(uint32_t)(S_CONNECTED | S_GREETED | S_READY), 0);
		if (!(row->states & S_READY))
			assert_true(row->size <= FRAME_BYTES_MAX_LOGIN);
		if (row->login)
			assert_true(row->to == ROLE_AUTH && row->states == S_GREETED);
		if (row->to == ROLE_WORKER) {
			assert_non_null(row->handle);
			continue;
		}
		assert_true(types[row->to] != 0);
		assert_true(row->size <= ipc_table[types[row->to]].body_max);
		assert_true(ipc_table[types[row->to]].to & 1u << row->to);
	}
}

/* What somebody may ask who has not logged in is this and nothing else. */
static void
nothing_is_done_for_strangers(void **state)
{
	static const char *const open[] = {
		"hello", "register_account", "login_password", "login_token", "ping", "pong",
		"check_invite",
	};
	unsigned found = 0;

	(void)state;
	for (uint32_t n = 0; n < NUMBERS; n++) {
		const struct dispatch_row *row = dispatch_find(n);
		bool listed = false;

		if (row == NULL || row->states == S_READY)
			continue;
		for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
			listed |= strcmp(body(n)->name, open[i]) == 0;
		assert_true(listed);
		found++;
	}
	assert_int_equal(found, sizeof(open) / sizeof(open[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_has_one_row),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(rows_make_sense),
		cmocka_unit_test(nothing_is_done_for_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
