/*
 * conf_keys.h - the row of an option. conf.c works from the table of rows.
 */
#ifndef KITH_SERVER_CONF_KEYS_H
#define KITH_SERVER_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#define CONF_KEYS_MAX	64u		/* one bit each in struct conf */

enum conf_type {
	CONF_TEXT,		/* char *; min and max are its bytes */
	CONF_PATH,		/* char *, in the state directory; so, too */
	CONF_NUMBER,		/* unsigned */
	CONF_BOOL,		/* on, off */
	CONF_CHOICE,		/* enum from 0; max is the last value */
	CONF_LIST		/* char *[CONF_LISTEN_MAX], blanks between */
};

/* NULL, or what is wrong with a value. */
typedef const char *conf_check(const char *value);

struct conf_key {
	const char		*name;
	enum conf_type		 type;
	size_t			 offset;	/* in struct conf */
	const char		*initial;	/* default, as in the file */
	unsigned		 min, max;
	bool			 reload;	/* SIGHUP changes it */
	conf_check		*check;	/* or NULL; of each element of a list */
	const char *const	*choices;
	const char		*help;
};

extern const struct conf_key conf_keys[];
extern const unsigned conf_keys_count;

#endif
