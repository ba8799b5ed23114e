/*
 * conf_keys.h - what an option is: the rows that conf.c works from.
 */
#ifndef KITH_SERVER_CONF_KEYS_H
#define KITH_SERVER_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#define CONF_KEYS_MAX	64u		/* a bit each in struct conf */

enum conf_type {
	CONF_TEXT,			/* char *; min and max are its bytes */
	CONF_PATH,			/* char *; relative: below the state directory; "": none */
	CONF_NUMBER,			/* unsigned */
	CONF_BOOL,			/* on, off */
	CONF_CHOICE,			/* an enum that counts from 0; max is its last value */
	CONF_LIST			/* char *[CONF_LISTEN_MAX], by blanks */
};

/* NULL, or what is wrong with a value. */
typedef const char *conf_check(const char *value);

struct conf_key {
	const char		*name;
	enum conf_type		 type;
	size_t			 offset;	/* in struct conf */
	const char		*initial;	/* as the file would have it */
	unsigned		 min, max;
	bool			 reload;	/* SIGHUP takes it over */
	conf_check		*check;		/* may be NULL; of a list: each element */
	const char *const	*choices;
	const char		*help;
};

extern const struct conf_key conf_keys[];
extern const unsigned conf_keys_count;

#endif
