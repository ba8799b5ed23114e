/*
 * conf.c - reads, checks, prints and reloads kithd.conf. What a value is, and how it
 * is written: conf_value.c. SYSCONFDIR is what configure was given.
 */
#include "server/conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/base/file.h"
#include "server/conf/conf_keys.h"
#include "server/conf/conf_value.h"
#include "server/lib/hostname.h"
#include "server/lib/notes.h"

/* -- paths ---------------------------------------------------------------- */

/* Joins a directory and a name. Yours, or NULL. */
static char *
join_path(const char *dir, const char *name)
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
	if ((path = join_path(dir, *place)) == NULL)
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

/* -- lines ---------------------------------------------------------------- */

/* Sets the option of one line. `seen`: bits of the options of the lines before. */
static int
set_line(struct conf *c, char *line, uint64_t *seen, const struct conf_place *at)
{
	const struct conf_key *k;
	size_t name_len, len;
	unsigned i;
	char *value;

	line += strspn(line, CONF_BLANKS);
	for (len = strlen(line); len > 0 && strchr(CONF_BLANKS, line[len - 1]) != NULL; len--)
		line[len - 1] = '\0';
	if (*line == '\0' || *line == '#')
		return 0;
	name_len = strcspn(line, CONF_BLANKS);
	value = line + name_len;
	value += strspn(value, CONF_BLANKS);
	if ((k = conf_key_find(line, name_len, &i)) == NULL)
		return conf_complain(at, "unknown option \"%.*s\"",
		    (int)(name_len > 64 ? 64 : name_len), line);
	if (*seen & UINT64_C(1) << i)
		return conf_complain(at, "%s: set twice", k->name);
	*seen |= UINT64_C(1) << i;
	c->given |= UINT64_C(1) << i;
	if (c->fixed & UINT64_C(1) << i)
		return 0;
	return conf_value_set(c, k, value, at);
}

/* Root obeys the file, so nobody else may be able to change it: it may be in the state
 * directory, which belongs to the service user. */
static int
check_owner(FILE *f, const struct conf_place *at)
{
	struct stat st;

	if (fstat(fileno(f), &st) < 0)
		return conf_complain(at, "%s", strerror(errno));
	if (geteuid() == 0 && (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0))
		return conf_complain(at, "must belong to root, and must not be writable by others");
	return 0;
}

static int
conf_read_file(struct conf *c, const char *file, bool must_exist, struct conf_place *at)
{
	uint64_t seen = 0;
	size_t size = 0;
	char *line = NULL;
	struct stat st;
	ssize_t len;
	int rc = file_open(file);
	FILE *f;

	at->file = file;
	at->line = 0;
	if (rc == -ENOENT && !must_exist && lstat(file, &st) < 0)
		return 0;		/* a link that leads nowhere is a mistake */
	if (rc < 0)
		return conf_complain(at, "%s", file_strerror(rc));
	if ((f = fdopen(rc, "r")) == NULL) {
		close(rc);
		return conf_complain(at, "%s", strerror(errno));
	}
	rc = check_owner(f, at);
	while (rc == 0 && (len = getline(&line, &size, f)) >= 0) {
		at->line++;
		if (strlen(line) != (size_t)len)
			rc = conf_complain(at, "NUL byte");
		else
			rc = set_line(c, line, &seen, at);
	}
	if (rc == 0 && ferror(f)) {
		at->line = 0;
		rc = conf_complain(at, "%s", strerror(errno));
	}
	free(line);
	fclose(f);
	at->line = 0;
	if (rc == 0 && (conf_text_replace(&c->file, file) < 0 || below_cwd(&c->file) < 0))
		rc = conf_no_memory(at);
	return rc;
}

/* -- derived values and whole checks -------------------------------------- */

static int
settle_server_name(struct conf *c)
{
	char host[NETNAME_HOST_MAX];

	if (*c->server_name != '\0')
		return 0;
	(void)hostname_own(host);	/* the check at the start warns if the name is no use */
	return conf_text_replace(&c->server_name, host);
}

/* Completes paths and the server's name; idempotent. */
static int
settle(struct conf *c, const struct conf_place *at)
{
	int rc = below_cwd(&c->state_dir);

	for (unsigned i = 0; i < conf_keys_count && rc == 0; i++)
		if (conf_keys[i].type == CONF_PATH)
			rc = make_absolute(conf_text_of(c, &conf_keys[i]), c->state_dir);
	if (rc == 0)
		rc = settle_server_name(c);
	return rc < 0 ? conf_complain(at, "%s", strerror(-rc)) : 0;
}

/* Rules about more than one option. */
static int
check_whole(const struct conf *c, const struct conf_place *at)
{
	if (c->output_soft > c->output_hard)
		return conf_complain(at, "output_soft: above output_hard");
	if (strlen(c->control_socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return conf_complain(at, "control_socket: the path is too long for a socket: %s",
		    c->control_socket);
	if (strcmp(c->database, "mysql") == 0 && !*c->mysql_socket && !*c->mysql_host)
		return conf_complain(at, "database mysql needs mysql_socket or mysql_host");
	return 0;
}

static struct conf *
make_defaults(const struct conf_place *at)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		conf_no_memory(at);
		return NULL;
	}
	for (unsigned i = 0; i < conf_keys_count; i++) {
		if (conf_value_set(c, &conf_keys[i], conf_keys[i].initial, at) < 0) {
			conf_destroy(c);
			return NULL;
		}
	}
	return c;
}

/* -- the interface -------------------------------------------------------- */

/* Whichever was read, the other would be ignored, and somebody edits it. */
static int
refuse_second(const char *read, const char *other, const struct conf_place *at)
{
	if (access(other, F_OK) < 0 || strcmp(read, other) == 0)
		return 0;
	return conf_complain(at, "there is also %s: remove one of the two, or choose one with -c",
	    other);
}

static int
load_into(struct conf *c, const char *file, const char *state_dir, struct conf_place *at)
{
	char *in_state;
	int rc;

	if (state_dir != NULL && conf_set(c, "state_dir", state_dir, at->err, at->errlen) < 0)
		return -1;
	if (file != NULL)
		rc = conf_read_file(c, file, true, at);
	else
		rc = state_dir != NULL ? 0 :
		    conf_read_file(c, SYSCONFDIR "/kith/kithd.conf", false, at);
	if (rc < 0)
		return -1;
	if (file == NULL) {
		if ((in_state = join_path(c->state_dir, "kithd.conf")) == NULL)
			return conf_no_memory(at);
		rc = c->file == NULL ? conf_read_file(c, in_state, false, at) :
		    refuse_second(c->file, in_state, at);
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
	struct conf_place at = { NULL, 0, err, errlen };
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
	for (unsigned i = 0; i < conf_keys_count; i++)
		conf_value_free(c, &conf_keys[i]);
	free(c->file);
	free(c);
}

int
conf_set(struct conf *c, const char *key, const char *value, char *err, size_t errlen)
{
	struct conf_place at = { NULL, 0, err, errlen };
	const struct conf_key *k;
	unsigned i;

	if ((k = conf_key_find(key, strlen(key), &i)) == NULL)
		return conf_complain(&at, "unknown option \"%s\"", key);
	if (conf_value_set(c, k, value, &at) < 0 || settle(c, &at) < 0)
		return -1;
	c->given |= UINT64_C(1) << i;
	c->fixed |= UINT64_C(1) << i;
	return 0;
}

struct conf *
conf_again(const struct conf *c, char *err, size_t errlen)
{
	struct conf_place at = { NULL, 0, err, errlen };
	struct conf *fresh = make_defaults(&at);
	char value[CONF_VALUE_MAX];
	int rc;

	if (fresh == NULL)
		return NULL;
	/* First: the other paths are below it. */
	rc = conf_set(fresh, "state_dir", c->state_dir, err, errlen);
	for (unsigned i = 0; i < conf_keys_count && rc == 0; i++) {
		if (c->fixed & UINT64_C(1) << i) {
			conf_value_print(c, &conf_keys[i], value, sizeof(value));
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

	return conf_key_find(key, strlen(key), &i) != NULL && (c->given & UINT64_C(1) << i);
}

int
conf_dump(const struct conf *c, int fd)
{
	char value[CONF_VALUE_MAX];

	if (dprintf(fd, "# kithd.conf - see kithd.conf(5). Lines with # show the defaults.\n") < 0)
		return -errno;
	for (unsigned i = 0; i < conf_keys_count; i++) {
		const struct conf_key *k = &conf_keys[i];
		bool given = c->given & UINT64_C(1) << i;

		/* A default is printed as its row has it, not with its path completed. */
		if (given)
			conf_value_print(c, k, value, sizeof(value));
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
	char value[CONF_VALUE_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < conf_keys_count; i++) {
		if (!conf_keys[i].reload)
			continue;
		conf_value_print(c, &conf_keys[i], value, sizeof(value));
		n += (size_t)snprintf(buf + n, cap - n, "%s %s\n", conf_keys[i].name, value);
		if (n >= cap)
			return -EMSGSIZE;
	}
	return (int)n;
}

int
conf_take(struct conf *c, const char *lines, char *err, size_t errlen)
{
	struct conf_place at = { NULL, 0, err, errlen };
	char *copy = strdup(lines), *next = copy, *line;
	uint64_t seen = 0;
	int rc = 0;

	if (copy == NULL)
		return conf_no_memory(&at);
	c->fixed = 0;			/* the master has decided already */
	while (rc == 0 && (line = strsep(&next, "\n")) != NULL)
		rc = set_line(c, line, &seen, &at);
	free(copy);
	return rc;
}

static void
copy_value(struct conf *to, const struct conf_key *k, const char *value)
{
	char err[256];
	struct conf_place at = { NULL, 0, err, sizeof(err) };

	if (conf_value_set(to, k, value, &at) < 0)	/* it was valid: no memory */
		log_error(0, "conf.reload", "%s", err);
}

void
conf_reload(struct conf *to, const struct conf *from, struct notes *notes)
{
	char old[CONF_VALUE_MAX], new[CONF_VALUE_MAX];

	for (unsigned i = 0; i < conf_keys_count; i++) {
		const struct conf_key *k = &conf_keys[i];

		conf_value_print(to, k, old, sizeof(old));
		conf_value_print(from, k, new, sizeof(new));
		if (strcmp(old, new) == 0)
			continue;
		if (k->reload)
			copy_value(to, k, new);
		else
			notes_add(notes, "%s: changed, and takes effect at the next start",
			    k->name);
	}
	to->given = from->given;
	/* There may have been none at the start. */
	if (from->file != NULL && conf_text_replace(&to->file, from->file) < 0)
		log_error(0, "conf.reload", "%s", strerror(ENOMEM));
}
