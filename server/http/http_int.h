/*
 * http_int.h - what the parts of the HTTP reader share. For http.c, http_head.c and
 * http_find.c alone.
 */
#ifndef KITH_SERVER_HTTP_INT_H
#define KITH_SERVER_HTTP_INT_H

#include <stdbool.h>
#include <stddef.h>

#include "server/http/http.h"

/* One line without its CRLF, in which is no other CR or LF, as soon as it is there. 0, or the
 * status to refuse it with. */
int	http_check_request_line(const char *line, size_t len);
int	http_check_header_line(const char *line, size_t len);

/* The whole head, of lines that were checked, into r->request. 0 or a status. */
int	http_take_head(struct http_reader *r);

/* -1: none. */
int	http_hex_digit(unsigned char c);

/* Decodes `%xx`, and '+' to a blank if `plus`; `out` may be `text`. Its length without
 * the NUL, or -EINVAL: bad percent, NUL, not UTF-8, longer than cap - 1. */
int	http_percent_decode(const char *text, size_t len, bool plus, char *out, size_t cap);

#endif
