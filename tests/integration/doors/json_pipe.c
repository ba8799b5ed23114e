/*
 * json_pipe.c - protocol/json.h as a filter, for test_json.py.
 *
 * In   Records: one byte 'r' (JSON to wire) or 'w' (wire to JSON), the length of the
 *      type's name (1 byte) and of the data (4 bytes, big-endian), the name, the data.
 * Out  For each: one byte of enum kith_err (a refusal to write is BAD_REQUEST), the length
 *      of the result (4 bytes), the result.
 * Exit 2 on a record that is none, or names no type.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/poll.pb-c.h"

#define HEADER_BYTES	6u

static const ProtobufCMessageDescriptor *const roots[] = {
	&kith__v1__request__descriptor, &kith__v1__reply__descriptor,
	&kith__v1__poll__descriptor, &kith__v1__polled__descriptor,
	&kith__ipc__ask__descriptor,			/* has bytes */
};
#define ROOTS	(sizeof(roots) / sizeof(roots[0]))

static uint8_t data[JSON_BYTES_MAX];
static char result[JSON_BYTES_MAX];
static struct unpackmem mem;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "json_pipe: %s\n", what);
	exit(2);
}

/* `root`, or the type of a field at any depth below it. */
static const ProtobufCMessageDescriptor *
find_below(const ProtobufCMessageDescriptor *root, const char *name)
{
	const ProtobufCMessageDescriptor *found = NULL;

	if (strcmp(root->name, name) == 0)
		return root;
	for (unsigned i = 0; i < root->n_fields && found == NULL; i++)
		if (root->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			found = find_below(root->fields[i].descriptor, name);
	return found;
}

static const ProtobufCMessageDescriptor *
find_type(const char *name)
{
	const ProtobufCMessageDescriptor *found = NULL;

	for (size_t i = 0; i < ROOTS && found == NULL; i++)
		found = find_below(roots[i], name);
	if (found == NULL)
		die("no such type");
	return found;
}

static void
read_all(void *buf, size_t len)
{
	if (fread(buf, 1, len, stdin) != len)
		die("the input ends inside a record");
}

static void
answer(enum kith_err err, size_t len)
{
	uint8_t head[5] = { (uint8_t)err, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
	    (uint8_t)(len >> 8), (uint8_t)len };

	if (fwrite(head, 1, sizeof(head), stdout) != sizeof(head) ||
	    fwrite(result, 1, len, stdout) != len)
		die("cannot write");
}

static void
convert(char direction, const ProtobufCMessageDescriptor *type, size_t len)
{
	enum kith_err err;
	size_t n;

	if (direction == 'r') {
		err = json_to_wire(type, (const char *)data, len, (uint8_t *)result,
		    sizeof(result), &n, NULL);
	} else {
		n = json_from_wire(type, data, len, &mem, result, sizeof(result));
		err = n > 0 ? KITH_E_OK : KITH_E_BAD_REQUEST;
	}
	answer(err, n);
}

int
main(void)
{
	uint8_t head[HEADER_BYTES];
	char name[256];
	size_t len;

	if (unpackmem_init(&mem, UNPACK_BYTES_MAX) < 0)
		die("no memory");
	while (fread(head, 1, 1, stdin) == 1) {
		read_all(head + 1, sizeof(head) - 1);
		len = (size_t)head[2] << 24 | (size_t)head[3] << 16 | (size_t)head[4] << 8 |
		    head[5];
		if (len > sizeof(data) || (head[0] != 'r' && head[0] != 'w'))
			die("not a record");
		read_all(name, head[1]);
		name[head[1]] = '\0';
		read_all(data, len);
		convert((char)head[0], find_type(name), len);
	}
	unpackmem_fini(&mem);
	return 0;
}
