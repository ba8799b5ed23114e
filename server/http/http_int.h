/*
 * http_int.h - what the parts of the HTTP reader share
 */
#ifndef KITH_SERVER_HTTP_INT_H
#define KITH_SERVER_HTTP_INT_H

#include <stdbool.h>
#include <stddef.h>

#include "server/http/http.h"

/* http_head.c: one line without its CRLF, as soon as it is complete. The line
 * holds no other CR or LF. 0, or the status to refuse it with. */
int	http_check_request_line(const char *line, size_t len);
int	http_check_header_line(const char *line, size_t len);

/* Splits a whole head, of checked lines, into r->request. 0 or a status. */
int	http_take_head(struct http_reader *r);

/* http_text.c: the method of that name; false: unknown, or CONNECT. */
bool	http_method_find(const char *name, enum http_method *m);

/* The value of a hexadecimal digit; -1: it is none. */
int	http_hex_digit(unsigned char c);

/* Decodes %xx, and '+' to a blank if `plus`; `out` may be `text`. The length
 * without the NUL, or -EINVAL: bad percent, NUL, not UTF-8, over cap - 1. */
int	http_percent_decode(const char *text, size_t len, bool plus, char *out,
	    size_t cap);

#endif
