/*
 * conf_value.h - one option's value, read and written by its row. For conf.c.
 */
#ifndef KITH_SERVER_CONF_VALUE_H
#define KITH_SERVER_CONF_VALUE_H

#include <stddef.h>

#include "server/conf/conf.h"

/* Any value as text, with its NUL. */
#define CONF_VALUE_MAX	(CONF_LISTEN_MAX * 301u + 4096u)
#define CONF_BLANKS	" \t\r\n"

struct conf_key;

/* What a complaint is about, and where it goes. */
struct conf_place {
	const char	*file;		/* NULL: not a file */
	unsigned	 line;		/* 0: the file as a whole */
	char		*err;
	size_t		 errlen;
};

/* Print "file:line: what" into at->err. Return -1. */
int	conf_complain(const struct conf_place *at, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
int	conf_no_memory(const struct conf_place *at);

/* The row of the name of `len` bytes, or NULL. *index is its number. */
const struct conf_key *conf_key_find(const char *name, size_t len,
	    unsigned *index);

/* Checks and stores a value. 0, or -1, and the old value stays. */
int	conf_value_set(struct conf *c, const struct conf_key *k,
	    const char *value, const struct conf_place *at);

/* Prints it as in the file; cap is at least CONF_VALUE_MAX. */
void	conf_value_print(const struct conf *c, const struct conf_key *k,
	    char *buf, size_t cap);

void	conf_value_free(struct conf *c, const struct conf_key *k);

/* Where a text or path is kept. */
char	**conf_text_of(const struct conf *c, const struct conf_key *k);

/* Puts a copy of `value` there. 0 or -ENOMEM. */
int	conf_text_replace(char **place, const char *value);

#endif
