/*
 * conf.c - reads, checks, prints and reloads kithd.conf by the rows of conf_keys.c.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf.h"
#include "conf_keys.h"

#define VALUE_MAX	(CONF_LISTEN_MAX * 301u + 4096u)	/* any value as text */
#define BLANKS		" \t\r\n"

/* Where a complaint is about. */
struct place {
	const char	*file;		/* NULL: not a file */
	unsigned	 line;		/* 0: the file as a whole */
	char		*err;
	size_t		 errlen;
};

__attribute__((format(printf, 2, 3)))
static int
complain(const struct place *at, const char *fmt, ...)
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

static int
no_memory(const struct place *at)
{
	return complain(at, "%s", strerror(ENOMEM));
}

/* ------------------------------------------------------------- values */

static void *
place_of(const struct conf *c, const struct conf_key *k)
{
	return (char *)(uintptr_t)c + k->offset;
}

static char **
text_of(const struct conf *c, const struct conf_key *k)
{
	return place_of(c, k);
}

static unsigned *
number_of(const struct conf *c, const struct conf_key *k)
{
	return place_of(c, k);
}

static bool
is_text(const struct conf_key *k)
{
	return k->type == CONF_TEXT || k->type == CONF_PATH;
}

static int
replace_text(char **place, const char *value)
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
set_text(struct conf *c, const struct conf_key *k, const char *value, const struct place *at)
{
	size_t len = strlen(value);
	const char *wrong;

	if (len < k->min)
		return complain(at, "%s: the value is missing", k->name);
	if (len > k->max)
		return complain(at, "%s: longer than %u bytes", k->name, k->max);
	if (k->check != NULL && (wrong = k->check(value)) != NULL)
		return complain(at, "%s: %s", k->name, wrong);
	return replace_text(text_of(c, k), value) < 0 ? no_memory(at) : 0;
}

static int
set_number(struct conf *c, const struct conf_key *k, const char *value, const struct place *at)
{
	unsigned long long n;
	const char *wrong;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end != '\0')
		return complain(at, "%s: \"%s\" is not a whole number", k->name, value);
	if (errno != 0 || n < k->min || n > k->max)
		return complain(at, "%s: must be from %u to %u", k->name, k->min, k->max);
	if (k->check != NULL && (wrong = k->check(value)) != NULL)
		return complain(at, "%s: %s", k->name, wrong);
	*number_of(c, k) = (unsigned)n;
	return 0;
}

static int
set_bool(struct conf *c, const struct conf_key *k, const char *value, const struct place *at)
{
	bool on = strcmp(value, "on") == 0;

	if (!on && strcmp(value, "off") != 0)
		return complain(at, "%s: must be on or off", k->name);
	*(bool *)place_of(c, k) = on;
	return 0;
}

static int
set_choice(struct conf *c, const struct conf_key *k, const char *value, const struct place *at)
{
	for (unsigned i = 0; i <= k->max; i++) {
		if (strcmp(value, k->choices[i]) == 0) {
			*number_of(c, k) = i;
			return 0;
		}
	}
	return complain(at, "%s: \"%s\" is not one of those allowed: %s", k->name, value, k->help);
}

static int
set_list(struct conf *c, const struct conf_key *k, const char *value, const struct place *at)
{
	char *list[CONF_LISTEN_MAX] = { NULL }, *copy, *rest, *word;
	const char *wrong;
	unsigned n = 0;
	int rc = -1;

	if ((copy = strdup(value)) == NULL)
		return no_memory(at);
	for (word = strtok_r(copy, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (n == CONF_LISTEN_MAX) {
			complain(at, "%s: more than %u", k->name, CONF_LISTEN_MAX);
			goto out;
		}
		if (strlen(word) > k->max || (wrong = k->check(word)) != NULL) {
			complain(at, "%s: \"%.64s\": %s", k->name, word,
			    strlen(word) > k->max ? "too long" : wrong);
			goto out;
		}
		if ((list[n++] = strdup(word)) == NULL) {
			no_memory(at);
			goto out;
		}
	}
	if (n == 0) {
		complain(at, "%s: the value is missing", k->name);
		goto out;
	}
	clear_list(place_of(c, k));
	memcpy(place_of(c, k), list, sizeof(list));
	memset(list, 0, sizeof(list));
	rc = 0;
out:
	clear_list(list);
	free(copy);
	return rc;
}

static int
set_value(struct conf *c, const struct conf_key *k, const char *value, const struct place *at)
{
	typedef int setter(struct conf *, const struct conf_key *, const char *,
	    const struct place *);
	static setter *const setters[] = {
		[CONF_TEXT] = set_text, [CONF_PATH] = set_text, [CONF_NUMBER] = set_number,
		[CONF_BOOL] = set_bool, [CONF_CHOICE] = set_choice, [CONF_LIST] = set_list,
	};

	for (const unsigned char *s = (const unsigned char *)value; *s; s++)
		if ((*s < ' ' && *s != '\t') || *s == 0x7f)
			return complain(at, "%s: control character in the value", k->name);
	return setters[k->type](c, k, value, at);
}

/* The value as the file has it. */
static void
print_value(const struct conf *c, const struct conf_key *k, char *buf, size_t cap)
{
	char *const *list;
	size_t n = 0;

	switch (k->type) {
	case CONF_TEXT:
	case CONF_PATH:
		snprintf(buf, cap, "%s", *text_of(c, k));
		break;
	case CONF_NUMBER:
		snprintf(buf, cap, "%u", *number_of(c, k));
		break;
	case CONF_BOOL:
		snprintf(buf, cap, "%s", *(bool *)place_of(c, k) ? "on" : "off");
		break;
	case CONF_CHOICE:
		snprintf(buf, cap, "%s", k->choices[*number_of(c, k)]);
		break;
	case CONF_LIST:
		list = place_of(c, k);
		buf[0] = '\0';
		for (unsigned i = 0; i < CONF_LISTEN_MAX && list[i] != NULL && n < cap; i++)
			n += (size_t)snprintf(buf + n, cap - n, "%s%s", i ? " " : "", list[i]);
		break;
	}
}

static const struct conf_key *
find_key(const char *name, size_t len, unsigned *index)
{
	for (unsigned i = 0; i < conf_keys_count; i++) {
		if (strlen(conf_keys[i].name) == len && memcmp(conf_keys[i].name, name, len) == 0) {
			*index = i;
			return &conf_keys[i];
		}
	}
	return NULL;
}

/* ------------------------------------------------------------- paths */

/* Joins a directory and a name. Yours, or NULL. */
static char *
join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name) < 0 ? NULL : path;
}

static int
make_absolute(char **place, const char *dir)
{
	char *path;

	if (**place == '/' || **place == '\0')
		return 0;
	if ((path = join(dir, *place)) == NULL)
		return -ENOMEM;
	free(*place);
	*place = path;
	return 0;
}

/* kithd leaves its first directory. */
static int
below_cwd(char **place)
{
	char *cwd;
	int rc;

	if (**place == '/')
		return 0;
	if ((cwd = getcwd(NULL, 0)) == NULL)
		return -errno;
	rc = make_absolute(place, cwd);
	free(cwd);
	return rc;
}

/* ------------------------------------------------------------- lines */

/* Sets the option of one line. `seen`: bits of the options that stood before. */
static int
set_line(struct conf *c, char *line, uint64_t *seen, const struct place *at)
{
	const struct conf_key *k;
	size_t name_len, len;
	unsigned i;
	char *value;

	line += strspn(line, BLANKS);
	for (len = strlen(line); len > 0 && strchr(BLANKS, line[len - 1]) != NULL; len--)
		line[len - 1] = '\0';
	if (*line == '\0' || *line == '#')
		return 0;
	name_len = strcspn(line, BLANKS);
	value = line + name_len;
	value += strspn(value, BLANKS);
	if ((k = find_key(line, name_len, &i)) == NULL)
		return complain(at, "unknown option \"%.*s\"", (int)(name_len > 64 ? 64 : name_len), line);
	if (*seen & UINT64_C(1) << i)
		return complain(at, "%s: set twice", k->name);
	*seen |= UINT64_C(1) << i;
	c->given |= UINT64_C(1) << i;
	if (c->fixed & UINT64_C(1) << i)
		return 0;
	return set_value(c, k, value, at);
}

/* Root does what the file says, so nobody else may be able to change it: the state directory, in
 * which it may lie, is the service user's. */
static int
check_owner(FILE *f, const struct place *at)
{
	struct stat st;

	if (fstat(fileno(f), &st) < 0)
		return complain(at, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return complain(at, "not a plain file");
	if (geteuid() == 0 && (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0))
		return complain(at, "must belong to root, and be writable by nobody else");
	return 0;
}

static int
read_file(struct conf *c, const char *file, bool must_exist, struct place *at)
{
	uint64_t seen = 0;
	size_t size = 0;
	char *line = NULL;
	ssize_t len;
	FILE *f;
	int rc;

	at->file = file;
	at->line = 0;
	if ((f = fopen(file, "re")) == NULL) {
		if (errno == ENOENT && !must_exist)
			return 0;
		return complain(at, "%s", strerror(errno));
	}
	rc = check_owner(f, at);
	while (rc == 0 && (len = getline(&line, &size, f)) >= 0) {
		at->line++;
		if (strlen(line) != (size_t)len)
			rc = complain(at, "NUL byte");
		else
			rc = set_line(c, line, &seen, at);
	}
	if (rc == 0 && ferror(f)) {
		at->line = 0;
		rc = complain(at, "%s", strerror(errno));
	}
	free(line);
	fclose(f);
	at->line = 0;
	if (rc == 0 && (replace_text(&c->file, file) < 0 || below_cwd(&c->file) < 0))
		rc = no_memory(at);
	return rc;
}

/* ------------------------------------------------------------- what follows from it */

static int
settle_server_name(struct conf *c)
{
	char host[256];

	if (*c->server_name != '\0')
		return 0;
	if (gethostname(host, sizeof(host)) < 0 || *host == '\0')
		return replace_text(&c->server_name, "localhost");
	host[sizeof(host) - 1] = '\0';
	return replace_text(&c->server_name, host);
}

/* Fills in what is left to be derived; harmless to repeat. */
static int
settle(struct conf *c, const struct place *at)
{
	int rc = below_cwd(&c->state_dir);

	for (unsigned i = 0; i < conf_keys_count && rc == 0; i++)
		if (conf_keys[i].type == CONF_PATH)
			rc = make_absolute(text_of(c, &conf_keys[i]), c->state_dir);
	if (rc == 0)
		rc = settle_server_name(c);
	return rc < 0 ? complain(at, "%s", strerror(-rc)) : 0;
}

/* What no single row can tell. */
static int
check_whole(const struct conf *c, const struct place *at)
{
	if (c->output_soft > c->output_hard)
		return complain(at, "output_soft: above output_hard");
	if (strlen(c->control_socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return complain(at, "control_socket: the path is too long for a socket: %s",
		    c->control_socket);
	if (strcmp(c->database, "mysql") == 0 && !*c->mysql_socket && !*c->mysql_host)
		return complain(at, "mysql_socket or mysql_host is needed with database mysql");
	return 0;
}

static struct conf *
make_defaults(const struct place *at)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		no_memory(at);
		return NULL;
	}
	for (unsigned i = 0; i < conf_keys_count; i++) {
		if (set_value(c, &conf_keys[i], conf_keys[i].initial, at) < 0) {
			conf_destroy(c);
			return NULL;
		}
	}
	return c;
}

/* ------------------------------------------------------------- the interface */

static int
load_into(struct conf *c, const char *file, const char *state_dir, struct place *at)
{
	char *in_state;
	int rc;

	if (state_dir != NULL && conf_set(c, "state_dir", state_dir, at->err, at->errlen) < 0)
		return -1;
	if (file != NULL)
		rc = read_file(c, file, true, at);
	else
		rc = state_dir != NULL ? 0 : read_file(c, SYSCONFDIR "/kith/kithd.conf", false, at);
	if (rc < 0)
		return -1;
	if (c->file == NULL) {
		if ((in_state = join(c->state_dir, "kithd.conf")) == NULL)
			return no_memory(at);
		rc = read_file(c, in_state, false, at);
		free(in_state);
	}
	at->file = c->file;
	if (rc < 0 || settle(c, at) < 0)
		return -1;
	return check_whole(c, at);
}

struct conf *
conf_load(const char *file, const char *state_dir, char *err, size_t errlen)
{
	struct place at = { NULL, 0, err, errlen };
	struct conf *c = make_defaults(&at);

	if (c != NULL && load_into(c, file, state_dir, &at) < 0) {
		conf_destroy(c);
		return NULL;
	}
	return c;
}

void
conf_destroy(struct conf *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < conf_keys_count; i++) {
		if (is_text(&conf_keys[i]))
			free(*text_of(c, &conf_keys[i]));
		else if (conf_keys[i].type == CONF_LIST)
			clear_list(place_of(c, &conf_keys[i]));
	}
	free(c->file);
	free(c);
}

int
conf_set(struct conf *c, const char *key, const char *value, char *err, size_t errlen)
{
	struct place at = { NULL, 0, err, errlen };
	const struct conf_key *k;
	unsigned i;

	if ((k = find_key(key, strlen(key), &i)) == NULL)
		return complain(&at, "unknown option \"%s\"", key);
	if (set_value(c, k, value, &at) < 0 || settle(c, &at) < 0)
		return -1;
	c->given |= UINT64_C(1) << i;
	c->fixed |= UINT64_C(1) << i;
	return 0;
}

struct conf *
conf_again(const struct conf *c, char *err, size_t errlen)
{
	struct place at = { NULL, 0, err, errlen };
	struct conf *fresh = make_defaults(&at);
	char value[VALUE_MAX];
	int rc;

	if (fresh == NULL)
		return NULL;
	/* First: the other paths are below it. */
	rc = conf_set(fresh, "state_dir", c->state_dir, err, errlen);
	for (unsigned i = 0; i < conf_keys_count && rc == 0; i++) {
		if (c->fixed & UINT64_C(1) << i) {
			print_value(c, &conf_keys[i], value, sizeof(value));
			rc = conf_set(fresh, conf_keys[i].name, value, err, errlen);
		}
	}
	if (rc < 0 || load_into(fresh, c->file, c->state_dir, &at) < 0) {
		conf_destroy(fresh);
		return NULL;
	}
	return fresh;
}

bool
conf_given(const struct conf *c, const char *key)
{
	unsigned i;

	return find_key(key, strlen(key), &i) != NULL && (c->given & UINT64_C(1) << i);
}

int
conf_dump(const struct conf *c, int fd)
{
	char value[VALUE_MAX];

	if (dprintf(fd, "# kithd.conf - see kithd.conf(5). A line with # shows the value that holds "
	    "without it.\n") < 0)
		return -errno;
	for (unsigned i = 0; i < conf_keys_count; i++) {
		const struct conf_key *k = &conf_keys[i];
		bool given = c->given & UINT64_C(1) << i;

		/* A default stands there as it is written, not as it was settled. */
		if (given)
			print_value(c, k, value, sizeof(value));
		else
			snprintf(value, sizeof(value), "%s", k->initial);
		if (dprintf(fd, "\n# %s\n%s%s%s%s\n", k->help, given ? "" : "#",
		    k->name, *value ? " " : "", value) < 0)
			return -errno;
	}
	return 0;
}

int
conf_print(const struct conf *c, char *buf, size_t cap)
{
	char value[VALUE_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < conf_keys_count; i++) {
		if (!conf_keys[i].reload)
			continue;
		print_value(c, &conf_keys[i], value, sizeof(value));
		n += (size_t)snprintf(buf + n, cap - n, "%s %s\n", conf_keys[i].name, value);
		if (n >= cap)
			return -EMSGSIZE;
	}
	return (int)n;
}

int
conf_take(struct conf *c, const char *lines, char *err, size_t errlen)
{
	struct place at = { NULL, 0, err, errlen };
	char *copy = strdup(lines), *rest, *line;
	uint64_t seen = 0;
	int rc = 0;

	if (copy == NULL)
		return no_memory(&at);
	c->fixed = 0;			/* the master decided already */
	for (line = strtok_r(copy, "\n", &rest); line && rc == 0; line = strtok_r(NULL, "\n", &rest))
		rc = set_line(c, line, &seen, &at);
	free(copy);
	return rc;
}

static void
copy_value(struct conf *to, const struct conf_key *k, const char *value)
{
	char err[256];
	struct place at = { NULL, 0, err, sizeof(err) };

	if (set_value(to, k, value, &at) < 0)	/* it was valid: no memory */
		log_error(0, "conf.reload", "%s", err);
}

void
conf_reload(struct conf *to, const struct conf *from)
{
	char old[VALUE_MAX], new[VALUE_MAX];

	for (unsigned i = 0; i < conf_keys_count; i++) {
		const struct conf_key *k = &conf_keys[i];

		print_value(to, k, old, sizeof(old));
		print_value(from, k, new, sizeof(new));
		if (strcmp(old, new) == 0)
			continue;
		if (k->reload)
			copy_value(to, k, new);
		else
			log_warn(0, "conf.reload", "option=%s effect=\"at the next start\"", k->name);
	}
	to->given = from->given;
}
