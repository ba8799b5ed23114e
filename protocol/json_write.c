/*
 * json_write.c - messages as JSON text.
 *
 * Written directly into the caller's buffer: each worker does this once per event, and
 * building and dumping a tree of jansson's would cost several times as much.
 */
#include <string.h>

#include "protocol/base/base64.h"
#include "protocol/json.h"
#include "protocol/wire.h"

struct text {
	char	*at, *end;
	int	 full;		/* something did not fit: the text is cut */
};

/* Writes a value; `at` is its place in the message or in a repeated field's array. */
typedef void (*write_fn)(struct text *t, const ProtobufCFieldDescriptor *f, const void *at);

static void	write_message(struct text *t, const ProtobufCMessage *m);

static void
text_put(struct text *t, const char *s, size_t len)
{
	if ((size_t)(t->end - t->at) < len) {
		t->full = 1;
		return;
	}
	memcpy(t->at, s, len);
	t->at += len;
}

static void
put_char(struct text *t, char c)
{
	text_put(t, &c, 1);
}

static void
put_number(struct text *t, uint64_t n)
{
	char digits[20], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	text_put(t, p, (size_t)(digits + sizeof(digits) - p));
}

/* RFC 8259, section 7: characters that must be escaped, in the short form if any. */
static void
put_escaped(struct text *t, char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char shorts[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = strchr(shorts, c);

	put_char(t, '\\');
	if (found != NULL) {
		put_char(t, letters[found - shorts]);
		return;
	}
	text_put(t, "u00", 3);
	put_char(t, hex[c >> 4]);
	put_char(t, hex[c & 15]);
}

static int
is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static void
put_string(struct text *t, const char *s)
{
	const char *from = s;

	put_char(t, '"');
	for (; *s != '\0'; s++) {
		if (is_plain(*s))
			continue;
		text_put(t, from, (size_t)(s - from));
		put_escaped(t, *s);
		from = s + 1;
	}
	text_put(t, from, (size_t)(s - from));
	put_char(t, '"');
}

/* sender_name is "senderName". */
static void
put_name(struct text *t, const char *name)
{
	put_char(t, '"');
	for (; *name != '\0'; name++) {
		if (*name == '_' && name[1] >= 'a' && name[1] <= 'z')
			put_char(t, (char)(*++name - 'a' + 'A'));
		else if (*name != '_')
			put_char(t, *name);
	}
	text_put(t, "\":", 2);
}

static void
write_uint32(struct text *t, const ProtobufCFieldDescriptor *f, const void *at)
{
	(void)f;
	put_number(t, *(const uint32_t *)at);
}

/* A string, since readers with doubles only would lose digits. */
static void
write_uint64(struct text *t, const ProtobufCFieldDescriptor *f, const void *at)
{
	(void)f;
	put_char(t, '"');
	put_number(t, *(const uint64_t *)at);
	put_char(t, '"');
}

static void
write_bool(struct text *t, const ProtobufCFieldDescriptor *f, const void *at)
{
	(void)f;
	if (*(const protobuf_c_boolean *)at)
		text_put(t, "true", 4);
	else
		text_put(t, "false", 5);
}

/* An unknown value is its number. */
static void
write_enum(struct text *t, const ProtobufCFieldDescriptor *f, const void *at)
{
	int n = *(const int *)at;
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(f->descriptor, n);

	if (v != NULL) {
		put_string(t, v->name);
		return;
	}
	if (n < 0)
		put_char(t, '-');
	put_number(t, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static void
write_string(struct text *t, const ProtobufCFieldDescriptor *f, const void *at)
{
	const char *s = *(char *const *)at;

	(void)f;
	put_string(t, s != NULL ? s : "");
}

static void
write_bytes(struct text *t, const ProtobufCFieldDescriptor *f, const void *at)
{
	const ProtobufCBinaryData *b = at;

	(void)f;
	put_char(t, '"');
	/* Room for the NUL, too, which the quote replaces. */
	if ((size_t)(t->end - t->at) <= BASE64_CHARS(b->len))
		t->full = 1;
	else
		t->at += base64_encode(b->data, b->len, t->at);
	put_char(t, '"');
}

static void
write_submessage(struct text *t, const ProtobufCFieldDescriptor *f, const void *at)
{
	(void)f;
	write_message(t, *(ProtobufCMessage *const *)at);
}

static const struct {
	size_t		size;		/* in the message */
	write_fn	write;
} types[] = {
	[PROTOBUF_C_TYPE_UINT32]  = { sizeof(uint32_t), write_uint32 },
	[PROTOBUF_C_TYPE_UINT64]  = { sizeof(uint64_t), write_uint64 },
	[PROTOBUF_C_TYPE_BOOL]    = { sizeof(protobuf_c_boolean), write_bool },
	[PROTOBUF_C_TYPE_ENUM]    = { sizeof(int), write_enum },
	[PROTOBUF_C_TYPE_STRING]  = { sizeof(char *), write_string },
	[PROTOBUF_C_TYPE_BYTES]   = { sizeof(ProtobufCBinaryData), write_bytes },
	[PROTOBUF_C_TYPE_MESSAGE] = { sizeof(ProtobufCMessage *), write_submessage },
};

static int
is_default(const ProtobufCFieldDescriptor *f, const void *at)
{
	static const char zeros[sizeof(ProtobufCBinaryData)];
	const char *s;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		s = *(char *const *)at;
		return s == NULL || *s == '\0';
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len == 0;
	default:
		return memcmp(at, zeros, types[f->type].size) == 0;
	}
}

/* The chosen member of a oneof is written even with its default; but, as in protobuf-c's
 * packing, not if its pointer was never set. */
static int
is_chosen(const ProtobufCFieldDescriptor *f, const void *at, const void *quantifier)
{
	const void *p;

	if (*(const uint32_t *)quantifier != f->id)
		return 0;
	if (f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_MESSAGE)
		return 1;
	p = *(const void *const *)at;
	return p != NULL && p != f->default_value;
}

static void
write_array(struct text *t, const ProtobufCFieldDescriptor *f, const char *at, size_t n)
{
	put_char(t, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put_char(t, ',');
		types[f->type].write(t, f, at + i * types[f->type].size);
	}
	put_char(t, ']');
}

static void
write_message(struct text *t, const ProtobufCMessage *m)
{
	const ProtobufCMessageDescriptor *type = m->descriptor;
	const ProtobufCFieldDescriptor *f;
	const char *at, *quantifier, *before = "{";
	int repeated;

	for (f = type->fields; f < type->fields + type->n_fields; f++) {
		at = (const char *)m + f->offset;
		quantifier = (const char *)m + f->quantifier_offset;
		repeated = f->label == PROTOBUF_C_LABEL_REPEATED;
		if (repeated ? *(const size_t *)quantifier == 0 :
		    f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ? !is_chosen(f, at, quantifier) :
		    is_default(f, at))
			continue;
		text_put(t, before, 1);
		before = ",";
		put_name(t, f->name);
		if (repeated)
			write_array(t, f, *(char *const *)at, *(const size_t *)quantifier);
		else
			types[f->type].write(t, f, at);
	}
	text_put(t, *before == '{' ? "{}" : "}", *before == '{' ? 2 : 1);
}

size_t
json_from_message(const ProtobufCMessage *m, char *out, size_t cap)
{
	struct text t = { .at = out, .end = out + cap };

	write_message(&t, m);
	put_char(&t, '\0');
	return t.full ? 0 : (size_t)(t.at - out) - 1;
}

size_t
json_from_wire(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
    struct unpackmem *mem, char *out, size_t cap)
{
	ProtobufCMessage *m;
	size_t n = 0;

	if (wire_unpack(type, bytes, len, mem, NULL, &m) == KITH_E_OK)
		n = json_from_message(m, out, cap);
	unpackmem_reset(mem);
	return n;
}
