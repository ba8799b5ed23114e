/*
 * json_text.h - JSON text as jansson's tree, in memory that is wiped.
 *
 * For json.h, and for text that is no message of ours. jansson copies what it
 * reads, also when it fails, and frees the copies unwiped; here each block is
 * wiped first.
 *
 * Limits  jansson has one allocator for the process, and between open and close
 *         it is ours: no second open, no other tree made or freed, no threads.
 *         The tree ends with the close: nothing may keep a part of it with
 *         json_incref().
 */
#ifndef KITH_PROTOCOL_JSON_TEXT_H
#define KITH_PROTOCOL_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "protocol/error.h"

struct json_text {
	json_t		*tree;		/* object or array; NULL: an error */
	json_malloc_t	 others_malloc;
	json_free_t	 others_free;
};

/* KITH_E_OK, KITH_E_BAD_REQUEST (not JSON of RFC 8259: UTF-8, no BOM, no lone
 * surrogate, nothing after it; over 2048 levels; a name twice in an object; a
 * number of 2^63 or more; U+0000), or KITH_E_BUSY (no memory). Close it in any
 * case. */
enum kith_err	json_text_open(struct json_text *t, const char *text,
		    size_t len);
void		json_text_close(struct json_text *t);

/* For text that may be no JSON at all: finds the first member of the outermost
 * object that is called `name`, as far as the text can be followed, and copies
 * its digits, bare or in quotes, with a NUL. False: there is no such member, or
 * its value is something else, or over `cap`. Needs no open. */
bool		json_text_find_digits(const char *text, size_t len,
		    const char *name, char *digits, size_t cap);

#endif
