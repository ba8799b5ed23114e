/*
 * out_string.c - strings made harmless, for terminals, tables and JSON.
 */
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "client-cli/app/out.h"

/* What no terminal gets to see as such. Newline and tab are taken out of the
 * first row where the caller lets them pass. */
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

/* Reads one character; its length, or 0 if the bytes are not UTF-8. */
static size_t
read_character(const unsigned char *s, uint32_t *c)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
	    s[0] < 0xf5 ? 4 : 0;

	*c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (len > 1 && (*c < smallest[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff)))
		return 0;
	return len;
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

static void
print_escaped(FILE *file, uint32_t c, enum out_quote quote)
{
	const char *letter = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;

	if (letter != NULL)
		fputs(letter, file);
	else if (quote == OUT_QUOTED)
		print_json_escape(file, c);
	else if (c < 0x100)
		fprintf(file, "\\x%02x", (unsigned)c);
	else
		fprintf(file, "\\u%04x", (unsigned)c);
}

void
out_string(FILE *file, const char *s, enum out_quote quote)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;

	while (*p != '\0') {
		size_t len = read_character(p, &c);

		if (len == 0) {
			if (quote == OUT_QUOTED)
				fputs("\\ufffd", file);
			else
				fprintf(file, "\\x%02x", (unsigned)*p);
			p++;
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
			fwrite(p, 1, len, file);
		p += len;
	}
}

int
out_string_is_clean(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;

	while (*p != '\0') {
		size_t len = read_character(p, &c);

		if (len == 0 || is_harmful(c))
			return 0;
		p += len;
	}
	return 1;
}

int
out_string_width(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	int width = 0, one;
	uint32_t c;

	while (*p != '\0') {
		size_t len = read_character(p, &c);

		if (len == 0 || (is_harmful(c) && c < 0x100))
			width += c == '\n' || c == '\t' || c == '\r' ? 2 : 4;
		else if (is_harmful(c))
			width += c < 0x10000 ? 6 : 7;
		else
			width += (one = wcwidth((wchar_t)c)) > 0 ? one : 0;
		p += len > 0 ? len : 1;
	}
	return width;
}
