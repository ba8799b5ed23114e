/*
 * out_string.c - strings made harmless, for terminals, tables and JSON.
 */
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "client-cli/app/out.h"
#include "protocol/base/utf8.h"

/* Characters that never reach a terminal. out_string() lets newline and tab of the
 * first row pass in OUT_LINES. */
static const struct range {
	uint32_t	first, last;
} harmful[] = {
	{ 0x0000, 0x001f },		/* C0 */
	{ 0x007f, 0x009f },		/* DEL and C1 */
	{ 0x061c, 0x061c },		/* Arabic letter mark */
	{ 0x200e, 0x200f },		/* left-to-right and right-to-left marks */
	{ 0x2028, 0x202e },		/* line and paragraph separators, embeddings */
	{ 0x2066, 0x206f },		/* isolates, deprecated format characters */
	{ 0xfeff, 0xfeff },		/* byte order mark */
	{ 0xfff9, 0xfffb },		/* interlinear annotation */
	{ 0xe0000, 0xe007f },		/* tags: text that nobody sees */
};

static int
is_harmful(uint32_t c)
{
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (c >= harmful[i].first && c <= harmful[i].last)
			return 1;
	return 0;
}

static void
print_json_escape(FILE *file, uint32_t c)
{
	if (c >= 0x10000)
		fprintf(file, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
		    (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
	else
		fprintf(file, "\\u%04x", (unsigned)c);
}

/* As in C: what is behind an escape is never a part of it. \x80 and above are bytes that are
 * not UTF-8. */
static void
print_escaped(FILE *file, uint32_t c, enum out_quote quote)
{
	const char *letter = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;

	if (letter != NULL)
		fputs(letter, file);
	else if (quote == OUT_QUOTED)
		print_json_escape(file, c);
	else if (c < 0x80)
		fprintf(file, "\\x%02x", (unsigned)c);
	else if (c < 0x10000)
		fprintf(file, "\\u%04x", (unsigned)c);
	else
		fprintf(file, "\\U%08x", (unsigned)c);
}

void
out_string(FILE *file, const char *s, enum out_quote quote)
{
	const char *end = s + strlen(s);
	uint32_t c;

	while (s < end) {
		size_t len = utf8_decode(s, (size_t)(end - s), &c);

		if (len == 0) {
			if (quote == OUT_QUOTED)
				fputs("\\ufffd", file);
			else
				fprintf(file, "\\x%02x", (unsigned)(unsigned char)*s);
			s++;
			continue;
		}
		if (quote == OUT_LINES && (c == '\n' || c == '\t'))
			fputc((int)c, file);
		else if ((quote == OUT_FIELD || quote == OUT_QUOTED) && c == '\\')
			fputs("\\\\", file);
		else if (quote == OUT_QUOTED && c == '"')
			fputs("\\\"", file);
		else if (is_harmful(c))
			print_escaped(file, c, quote);
		else
			fwrite(s, 1, len, file);
		s += len;
	}
}

int
out_string_is_clean(const char *s)
{
	const char *end = s + strlen(s);
	uint32_t c;

	while (s < end) {
		size_t len = utf8_decode(s, (size_t)(end - s), &c);

		if (len == 0 || is_harmful(c))
			return 0;
		s += len;
	}
	return 1;
}

/* As print_escaped() and out_string() print it: "\\n", "\\x1b", "\\u202e". */
static int
character_width(uint32_t c)
{
	int width;

	if (!is_harmful(c))
		return (width = wcwidth((wchar_t)c)) > 0 ? width : 0;
	if (c == '\n' || c == '\t' || c == '\r')
		return 2;
	return c < 0x80 ? 4 : c < 0x10000 ? 6 : 10;
}

int
out_string_width(const char *s)
{
	const char *end = s + strlen(s);
	int width = 0;
	uint32_t c;

	while (s < end) {
		size_t len = utf8_decode(s, (size_t)(end - s), &c);

		width += len > 0 ? character_width(c) : 4;
		s += len > 0 ? len : 1;
	}
	return width;
}
