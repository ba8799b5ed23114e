/*
 * conf_value.c - values of options, from and to text, by the type in their row.
 */
#include "server/conf/conf_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/conf/conf.h"
#include "server/conf/conf_keys.h"

int
conf_complain(const struct conf_place *at, const char *fmt, ...)
{
	size_t n = 0;
	va_list ap;

	if (at->file != NULL && at->line != 0)
		n = (size_t)snprintf(at->err, at->errlen, "%s:%u: ", at->file, at->line);
	else if (at->file != NULL)
		n = (size_t)snprintf(at->err, at->errlen, "%s: ", at->file);
	if (n >= at->errlen)
		return -1;
	va_start(ap, fmt);
	vsnprintf(at->err + n, at->errlen - n, fmt, ap);
	va_end(ap);
	return -1;
}

int
conf_no_memory(const struct conf_place *at)
{
	return conf_complain(at, "%s", strerror(ENOMEM));
}

static void *
value_place(const struct conf *c, const struct conf_key *k)
{
	return (char *)(uintptr_t)c + k->offset;
}

char **
conf_text_of(const struct conf *c, const struct conf_key *k)
{
	return value_place(c, k);
}

static unsigned *
number_of(const struct conf *c, const struct conf_key *k)
{
	return value_place(c, k);
}

static bool
is_text(const struct conf_key *k)
{
	return k->type == CONF_TEXT || k->type == CONF_PATH;
}

int
conf_text_replace(char **place, const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return -ENOMEM;
	free(*place);
	*place = copy;
	return 0;
}

static void
clear_list(char **list)
{
	for (unsigned i = 0; i < CONF_LISTEN_MAX; i++) {
		free(list[i]);
		list[i] = NULL;
	}
}

static int
set_text(struct conf *c, const struct conf_key *k, const char *value, const struct conf_place *at)
{
	size_t len = strlen(value);
	const char *wrong;

	if (len < k->min)
		return conf_complain(at, "%s: the value is missing", k->name);
	if (len > k->max)
		return conf_complain(at, "%s: \"%.64s...\" is longer than %u bytes", k->name,
		    value, k->max);
	if (k->check != NULL && (wrong = k->check(value)) != NULL)
		return conf_complain(at, "%s: \"%.64s\": %s", k->name, value, wrong);
	return conf_text_replace(conf_text_of(c, k), value) < 0 ? conf_no_memory(at) : 0;
}

static int
set_number(struct conf *c, const struct conf_key *k, const char *value, const struct conf_place *at)
{
	unsigned long long n;
	const char *wrong;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end != '\0')
		return conf_complain(at, "%s: \"%.64s\" is not a whole number", k->name, value);
	if (errno != 0 || n < k->min || n > k->max)
		return conf_complain(at, "%s: \"%.64s\": must be from %u to %u", k->name, value,
		    k->min, k->max);
	if (k->check != NULL && (wrong = k->check(value)) != NULL)
		return conf_complain(at, "%s: \"%.64s\": %s", k->name, value, wrong);
	*number_of(c, k) = (unsigned)n;
	return 0;
}

static int
set_bool(struct conf *c, const struct conf_key *k, const char *value, const struct conf_place *at)
{
	bool on = strcmp(value, "on") == 0;

	if (!on && strcmp(value, "off") != 0)
		return conf_complain(at, "%s: \"%.64s\": must be on or off", k->name, value);
	*(bool *)value_place(c, k) = on;
	return 0;
}

static int
set_choice(struct conf *c, const struct conf_key *k, const char *value, const struct conf_place *at)
{
	char all[256] = "";

	for (unsigned i = 0; i <= k->max; i++) {
		if (strcmp(value, k->choices[i]) == 0) {
			*number_of(c, k) = i;
			return 0;
		}
	}
	for (unsigned i = 0; i <= k->max; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
		    i == 0 ? "" : i == k->max ? " or " : ", ", k->choices[i]);
	return conf_complain(at, "%s: \"%.64s\": must be %s", k->name, value, all);
}

static int
set_list(struct conf *c, const struct conf_key *k, const char *value, const struct conf_place *at)
{
	char *list[CONF_LISTEN_MAX] = { NULL }, *copy, *next, *word;
	const char *wrong;
	unsigned n = 0;
	int rc = -1;

	if ((copy = next = strdup(value)) == NULL)
		return conf_no_memory(at);
	while ((word = strsep(&next, CONF_BLANKS)) != NULL) {
		if (*word == '\0')
			continue;
		if (n == CONF_LISTEN_MAX) {
			conf_complain(at, "%s: more than %u", k->name, CONF_LISTEN_MAX);
			goto out;
		}
		if (strlen(word) > k->max || (wrong = k->check(word)) != NULL) {
			conf_complain(at, "%s: \"%.64s\": %s", k->name, word,
			    strlen(word) > k->max ? "too long" : wrong);
			goto out;
		}
		if ((list[n++] = strdup(word)) == NULL) {
			conf_no_memory(at);
			goto out;
		}
	}
	if (n == 0) {
		conf_complain(at, "%s: the value is missing", k->name);
		goto out;
	}
	clear_list(value_place(c, k));
	memcpy(value_place(c, k), list, sizeof(list));
	memset(list, 0, sizeof(list));
	rc = 0;
out:
	clear_list(list);
	free(copy);
	return rc;
}

void
conf_value_free(struct conf *c, const struct conf_key *k)
{
	if (is_text(k))
		free(*conf_text_of(c, k));
	else if (k->type == CONF_LIST)
		clear_list(value_place(c, k));
}

int
conf_value_set(struct conf *c, const struct conf_key *k, const char *value,
    const struct conf_place *at)
{
	typedef int setter(struct conf *, const struct conf_key *, const char *,
	    const struct conf_place *);
	static setter *const setters[] = {
		[CONF_TEXT] = set_text, [CONF_PATH] = set_text, [CONF_NUMBER] = set_number,
		[CONF_BOOL] = set_bool, [CONF_CHOICE] = set_choice, [CONF_LIST] = set_list,
	};

	for (const unsigned char *s = (const unsigned char *)value; *s; s++)
		if ((*s < ' ' && *s != '\t') || *s == 0x7f)
			return conf_complain(at, "%s: control character in the value", k->name);
	return setters[k->type](c, k, value, at);
}

/* The value as the file has it. */
void
conf_value_print(const struct conf *c, const struct conf_key *k, char *buf, size_t cap)
{
	char *const *list;
	size_t n = 0;

	switch (k->type) {
	case CONF_TEXT:
	case CONF_PATH:
		snprintf(buf, cap, "%s", *conf_text_of(c, k));
		break;
	case CONF_NUMBER:
		snprintf(buf, cap, "%u", *number_of(c, k));
		break;
	case CONF_BOOL:
		snprintf(buf, cap, "%s", *(bool *)value_place(c, k) ? "on" : "off");
		break;
	case CONF_CHOICE:
		snprintf(buf, cap, "%s", k->choices[*number_of(c, k)]);
		break;
	case CONF_LIST:
		list = value_place(c, k);
		buf[0] = '\0';
		for (unsigned i = 0; i < CONF_LISTEN_MAX && list[i] != NULL && n < cap; i++)
			n += (size_t)snprintf(buf + n, cap - n, "%s%s", i ? " " : "", list[i]);
		break;
	}
}

const struct conf_key *
conf_key_find(const char *name, size_t len, unsigned *index)
{
	for (unsigned i = 0; i < conf_keys_count; i++) {
		if (strlen(conf_keys[i].name) == len && memcmp(conf_keys[i].name, name, len) == 0) {
			*index = i;
			return &conf_keys[i];
		}
	}
	return NULL;
}
