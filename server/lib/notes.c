/*
 * notes.c - warnings that are collected and told later.
 */
#include "server/lib/notes.h"

#include <stdarg.h>
#include <stdio.h>

void
notes_add(struct notes *n, const char *fmt, ...)
{
	va_list ap;

	if (n->n == NOTES_MAX) {
		n->lost++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(n->text[n->n++], NOTES_TEXT_MAX, fmt, ap);
	va_end(ap);
}
