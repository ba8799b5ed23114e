/*
 * say.c - words to the person, on standard error.
 */
#include "client-cli/app/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "client-cli/app/out.h"
#include "client-cli/libkith/kith.h"

static void __attribute__((format(printf, 1, 0)))
say_list(const char *format, va_list args)
{
	char text[2048];

	vsnprintf(text, sizeof(text), format, args);
	fputs("kith: ", stderr);
	out_string(stderr, text, OUT_LINES);
	fputc('\n', stderr);
}

void
say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_list(format, args);
	va_end(args);
}

int
say_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_list(format, args);
	va_end(args);
	return KITH_EXIT_USAGE;
}

int
say_usage_target(const char *word)
{
	return say_usage("%s: not a target: @NAME for a person, '#NAME' (quoted) for a group",
	    word);
}
