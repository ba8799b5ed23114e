/*
 * cmd_text.c - the text of a message: line ends, escape sequences, and what is no
 * message.
 */
#include "client-cli/cmd/cmd_text.h"

#include <string.h>

#include "client-cli/app/say.h"
#include "client-cli/libkith/kith.h"
#include "protocol/base/utf8.h"
#include "protocol/limits.h"

#define ESC	'\033'

static int
is_between(char c, unsigned char low, unsigned char high)
{
	return (unsigned char)c >= low && (unsigned char)c <= high;
}

/* The length of the escape sequence at s[0] (ECMA-48, 5.4; and OSC, which ends with BEL or
 * ESC \); 1 if it is cut off or none. */
static size_t
escape_length(const char *s, size_t len)
{
	size_t i = 2;

	if (len < 2)
		return 1;
	if (s[1] == '[') {			/* CSI parameters intermediates final */
		while (i < len && is_between(s[i], 0x20, 0x3f))
			i++;
		return i < len && is_between(s[i], 0x40, 0x7e) ? i + 1 : 1;
	}
	if (s[1] == ']' || s[1] == 'P') {
		for (; i < len; i++) {
			if (s[i] == '\a')
				return i + 1;
			if (s[i] == ESC && i + 1 < len && s[i + 1] == '\\')
				return i + 2;
		}
		return 1;
	}
	while (i - 1 < len && is_between(s[i - 1], 0x20, 0x2f))
		i++;
	return i - 1 < len && is_between(s[i - 1], 0x30, 0x7e) ? i : 1;
}

size_t
cmd_text_lf(char *text, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
			continue;
		text[out++] = text[i] == '\r' ? '\n' : text[i];
	}
	return out;
}

size_t
cmd_text_clean(char *text, size_t len, int strip)
{
	size_t out = 0;

	for (size_t i = 0; i < len;) {
		if (strip && text[i] == ESC)
			i += escape_length(text + i, len - i);
		else
			text[out++] = text[i++];
	}
	return cmd_text_lf(text, out);
}

int
cmd_text_check(const char *where, const char *text, size_t len, const char *advice)
{
	if (utf8_is_blank(text, len))
		return say_usage("%sthe message is empty: nothing was sent", where);
	if (len > TEXT_BYTES_MAX) {
		say("%sthe message has over %u bytes and was not sent: send it in parts%s", where,
		    TEXT_BYTES_MAX, advice);
		return KITH_EXIT_LIMIT;
	}
	if (memchr(text, '\0', len) != NULL)
		return say_usage("%sthe message has a NUL byte: it was not sent", where);
	if (!utf8_valid(text, len))
		return say_usage("%sthe message is not UTF-8: it was not sent", where);
	return 0;
}
