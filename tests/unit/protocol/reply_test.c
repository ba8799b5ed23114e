/* reply_test.c - promises of protocol/reply.h and request.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "protocol/reply.h"
#include "protocol/request.h"
#include "protocol/unpackmem.h"
#include "protocol/wire.h"

static struct unpackmem mem;

/* Packs and unpacks: what a client would see. */
static const Kith__V1__Reply *
over_the_wire(const Kith__V1__Reply *r)
{
	static uint8_t packed[512];
	size_t len = reply_pack(r, packed, sizeof(packed));
	ProtobufCMessage *got;

	assert_true(len > 0);
	assert_int_equal(wire_unpack(&kith__v1__reply__descriptor, packed, len, &mem, NULL, &got),
	    KITH_E_OK);
	return (const Kith__V1__Reply *)got;
}

static void
error_says_code_text_and_retry(void **state)
{
	const Kith__V1__Reply *got;
	struct reply r;

	(void)state;
	got = over_the_wire(reply_error(&r, 7, KITH_E_BUSY, NULL, RETRY_SOON_MS));
	assert_int_equal(got->id, 7);
	assert_int_equal(got->body_case, KITH__V1__REPLY__BODY_ERROR);
	assert_int_equal(got->error->code, KITH_E_BUSY);
	assert_string_equal(got->error->text, kith_err_text(KITH_E_BUSY));
	assert_int_equal(got->error->retry_after_ms, RETRY_SOON_MS);
	got = over_the_wire(reply_error(&r, 8, KITH_E_TOO_LARGE, "a text of its own", 0));
	assert_string_equal(got->error->text, "a text of its own");
	assert_int_equal(got->error->retry_after_ms, 0);
}

static void
done_and_closing_name_themselves(void **state)
{
	const Kith__V1__Reply *got;
	struct reply r;

	(void)state;
	got = over_the_wire(reply_done(&r, UINT64_MAX));
	assert_int_equal(got->id, UINT64_MAX);
	assert_int_equal(got->body_case, KITH__V1__REPLY__BODY_DONE);
	got = over_the_wire(reply_closing(&r, KITH_E_SHUTTING_DOWN, RETRY_RESTART_MS));
	assert_int_equal(got->id, 0);
	assert_int_equal(got->body_case, KITH__V1__REPLY__BODY_CLOSING);
	assert_int_equal(got->closing->reason->code, KITH_E_SHUTTING_DOWN);
	assert_int_equal(got->closing->reason->retry_after_ms, RETRY_RESTART_MS);
}

static void
what_does_not_fit_is_not_packed(void **state)
{
	uint8_t packed[64];
	struct reply r;
	const Kith__V1__Reply *error = reply_error(&r, 1, KITH_E_INTERNAL, "why", 0);
	size_t len = reply_pack(error, packed, sizeof(packed));

	(void)state;
	memset(packed, 0, sizeof(packed));
	assert_int_equal(reply_pack(error, packed, len - 1), 0);
	assert_int_equal(packed[0], 0);
	assert_int_equal(reply_pack(error, packed, len), len);
}

/* The list has each body of Request once, and replies that exist. */
static void
list_of_requests_and_schema_agree(void **state)
{
	static const struct {
		uint32_t	number, reply;
		const char	*name;
	} rows[] = {
#define X(BODY, name, answerer, reply) \
		{ KITH__V1__REQUEST__BODY_##BODY, REQUEST_REPLY_##BODY, name },
		REQUESTS(X)
#undef X
	};

	(void)state;
	/* All fields but the id. */
	assert_int_equal(REQUEST_COUNT, kith__v1__request__descriptor.n_fields - 1);
	for (size_t i = 0; i < REQUEST_COUNT; i++) {
		assert_non_null(protobuf_c_message_descriptor_get_field(
		    &kith__v1__request__descriptor, rows[i].number));
		if (rows[i].number == KITH__V1__REQUEST__BODY_PONG)
			assert_int_equal(rows[i].reply, 0);
		else
			assert_non_null(protobuf_c_message_descriptor_get_field(
			    &kith__v1__reply__descriptor, rows[i].reply));
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(rows[i].number, rows[k].number);
			assert_string_not_equal(rows[i].name, rows[k].name);
		}
	}
}

static int
make_memory(void **state)
{
	(void)state;
	return unpackmem_init(&mem, UNPACK_BYTES_MAX);
}

static int
free_memory(void **state)
{
	(void)state;
	unpackmem_fini(&mem);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_says_code_text_and_retry),
		cmocka_unit_test(done_and_closing_name_themselves),
		cmocka_unit_test(what_does_not_fit_is_not_packed),
		cmocka_unit_test(list_of_requests_and_schema_agree),
	};

	return cmocka_run_group_tests(tests, make_memory, free_memory);
}
