/*
 * check.c - all that can be wrong with a configuration on this machine.
 */
#include "server/master/check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/file.h"
#include "server/conf/conf.h"
#include "server/conf/kith_db.h"
#include "server/conf/path.h"
#include "server/conf/served.h"
#include "server/handout/page.h"
#include "server/handout/pem.h"
#include "server/lib/hostname.h"
#include "server/lib/log.h"
#include "server/lib/notes.h"
#include "server/master/birth.h"
#include "server/master/listen.h"
#include "server/master/master_int.h"
#include "server/rules/name.h"
#include "server/tls/tls_facts.h"

#define GROUPS_MAX	1024	/* of root, at its start */
#define OLD_CLOCK_S	1735689600	/* 2025-01-01: this code is younger */

/* One run over one configuration. */
struct check {
	const struct conf		*c;
	const struct state_owner	*o;
	struct notes			*notes;
	char				*err;
	size_t				 errlen;
};

__attribute__((format(printf, 2, 3)))
static int
refuse(const struct check *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->err, k->errlen, fmt, ap);
	va_end(ap);
	return PROC_EX_CONFIG;
}

/* -- files ---------------------------------------------------------------- */

/* Calls fn(path, mode, arg) with the rights on files that the roles will have. */
static int
with_rights_of(const struct state_owner *o, int (*fn)(const char *, int, void *), const char *path,
    int mode, void *arg)
{
	gid_t groups[GROUPS_MAX];
	int n, rc;

	if (!o->drops)
		return fn(path, mode, arg);
	if ((n = getgroups(GROUPS_MAX, groups)) < 0 || setgroups(0, NULL) < 0)
		return -errno;
	setfsgid(o->gid);
	setfsuid(o->uid);		/* takes the rights of root on files away, too */
	rc = fn(path, mode, arg);
	setfsuid(geteuid());
	setfsgid(getegid());
	return setgroups((size_t)n, groups) < 0 ? -errno : rc;
}

static int
open_to_read(const char *path, int unused, void *nothing)
{
	(void)unused;
	(void)nothing;
	return file_open(path);
}

static int
open_log(const char *path, int unused, void *nothing)
{
	(void)unused;
	(void)nothing;
	return file_append(path, 0);
}

static int
may_access(const char *path, int mode, void *nothing)
{
	(void)nothing;
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) < 0 ? -errno : 0;
}

/* Below a state directory that does not exist yet, or is not the owner's yet: a start sees to
 * that. */
static bool
is_to_be_made(const struct check *k, const char *path)
{
	size_t len = strlen(k->c->state_dir);
	struct stat st;

	if (strncmp(path, k->c->state_dir, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return false;
	return stat(k->c->state_dir, &st) < 0 ? errno == ENOENT :
	    k->o->drops && st.st_uid != k->o->uid;
}

/* The master makes the file, so its directory must be there. */
static int
check_place(const struct check *k, const char *option, const char *file)
{
	char copy[PATH_MAX];
	const char *dir = path_directory(file, copy);
	struct stat st;

	if (is_to_be_made(k, dir))
		return 0;
	if (stat(dir, &st) < 0)
		return refuse(k, "%s: %s: %s", option, dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return refuse(k, "%s: %s: %s", option, dir, strerror(ENOTDIR));
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
		return refuse(k, "%s: %s: %s", option, dir, strerror(errno));
	return 0;
}

/* A file that a role reads; `secret`: nobody else should. */
static int
check_readable(const struct check *k, const char *option, const char *file, bool secret)
{
	struct stat st;
	int fd;

	if (*file == '\0')
		return 0;
	if ((fd = with_rights_of(k->o, open_to_read, file, 0, NULL)) < 0)
		return refuse(k, "%s: %s: %s (for the user %s)", option, file, file_strerror(fd),
		    k->o->drops ? k->c->user : "that kithd runs as");
	if (secret && fstat(fd, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		notes_add(k->notes, "%s: %s can be read by every user: chmod o-rwx", option, file);
	close(fd);
	return 0;
}

/* -- the rows ------------------------------------------------------------- */

static int
check_state(const struct check *k)
{
	return state_check(k->c, k->o, k->err, k->errlen) < 0 ? PROC_EX_CONFIG : 0;
}

/* Files that kithd opens by an option. The first WRITTEN it makes, overwrites or removes, so no
 * other may be one of them. */
#define WRITTEN	3u
static const struct named {
	const char	*option;
	size_t		 place;
} named[] = {
	{ "pid_file", offsetof(struct conf, pid_file) },
	{ "control_socket", offsetof(struct conf, control_socket) },
	{ "log_file", offsetof(struct conf, log_file) },
	{ "tls_certificate", offsetof(struct conf, tls_certificate) },
	{ "tls_key", offsetof(struct conf, tls_key) },
	{ "mysql_password_file", offsetof(struct conf, mysql_password_file) },
	{ "mysql_tls_ca", offsetof(struct conf, mysql_tls_ca) },
};

static const char *
file_of(const struct check *k, const struct named *n)
{
	return *(char *const *)(const void *)((const char *)k->c + n->place);
}

/* Against the files that have no option. */
static int
check_apart_from_state(const struct check *k, const char *option, const char *file)
{
	static const char *const others[] = {
		"kith.db", "kith.db-wal", "kith.db-shm", "kith.db-journal", HISTORY_FILE,
		SERVED_FILE, "kithd.conf", "tls", KNOWN_KEY_FILE, BIRTH_EMPTY_DIR, "",
	};
	char path[PATH_MAX];
	struct stat st;

	if ((stat(file, &st) == 0 && S_ISDIR(st.st_mode)) || file[strlen(file) - 1] == '/')
		return refuse(k, "%s: %s: %s", option, file, strerror(EISDIR));
	if (k->c->file != NULL && path_same_file(file, k->c->file))
		return refuse(k, "%s: %s: this is the configuration file", option, file);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(path, sizeof(path), "%s/%s", k->c->state_dir, others[i]);
		if (path_same_file(file, path))
			return refuse(k, "%s: %s: kithd keeps other data under this name",
			    option, file);
	}
	return 0;
}

static int
check_apart(const struct check *k)
{
	for (size_t i = 0; i < WRITTEN; i++) {
		const char *file = file_of(k, &named[i]);

		if (check_apart_from_state(k, named[i].option, file) != 0)
			return PROC_EX_CONFIG;
		for (size_t j = i + 1; j < sizeof(named) / sizeof(*named); j++)
			if (path_same_file(file, file_of(k, &named[j])))
				return refuse(k, "%s: %s: %s names the same file",
				    named[i].option, file, named[j].option);
	}
	return 0;
}

static int
check_places(const struct check *k)
{
	struct stat st;
	int rc = check_place(k, "control_socket", k->c->control_socket);

	if (rc == 0)
		rc = check_place(k, "pid_file", k->c->pid_file);
	if (rc == 0 && lstat(k->c->control_socket, &st) == 0 && !S_ISSOCK(st.st_mode))
		rc = refuse(k, "control_socket: %s: exists, and is not a socket",
		    k->c->control_socket);
	if (rc == 0 && state_check_pid_file(k->c, k->err, k->errlen) < 0)
		rc = PROC_EX_CONFIG;
	return rc;
}

static int
check_log(const struct check *k)
{
	const char *file = k->c->log_file;
	char copy[PATH_MAX];
	struct stat st;
	int rc;

	if (k->c->log_to != LOG_TO_FILE || is_to_be_made(k, file))
		return 0;
	rc = with_rights_of(k->o, open_log, file, 0, NULL);
	if (rc >= 0)
		close(rc);
	else if (rc == -ENOENT)
		rc = with_rights_of(k->o, may_access, path_directory(file, copy),
		    W_OK | X_OK, NULL);
	/* Its rights may hide that from the service user. */
	if (rc < 0 && stat(file, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		rc = -EINVAL;
	return rc >= 0 ? 0 : refuse(k, "log_file: %s: %s (for the user %s)", file,
	    file_strerror(rc), k->o->drops ? k->c->user : "that kithd runs as");
}

static int
check_database(const struct check *k)
{
	int rc = 0;

	if (strcmp(k->c->database, "mysql") == 0)
		rc = check_readable(k, "mysql_password_file", k->c->mysql_password_file, true);
	if (rc == 0 && strcmp(k->c->database, "mysql") == 0)
		rc = check_readable(k, "mysql_tls_ca", k->c->mysql_tls_ca, false);
	return rc;
}

static int
check_lobby(const struct check *k)
{
	char name[NAME_BYTES_MAX + 1];

	if (*k->c->lobby == '\0' || name_prepare(k->c->lobby, strlen(k->c->lobby), name) == 0)
		return 0;
	return refuse(k, "lobby: \"%s\": not a name that a group can have", k->c->lobby);
}

static int
check_page(const struct check *k)
{
	struct page *page;
	char reason[4500];
	int rc = 0;

	if (!k->c->http || (page = calloc(1, sizeof(*page))) == NULL)
		return 0;
	if (page_load(page, k->c->web_dir, reason, sizeof(reason)) < 0) {
		/* A build that is not installed still serves, without the page. */
		if (conf_given(k->c, "web_dir"))
			rc = refuse(k, "web_dir: %s", reason);
		else
			notes_add(k->notes, "there is no web page: web_dir: %s", reason);
	}
	free(page);
	return rc;
}

static int
check_listen(const struct check *k)
{
	return listen_check(k->c, k->err, k->errlen);
}

static int
check_name(const struct check *k)
{
	char host[NETNAME_HOST_MAX];

	if (!conf_given(k->c, "server_name") && !hostname_own(host))
		notes_add(k->notes, "this host's name cannot be used in an address: invites "
		    "have %s; set server_name", host);
	return 0;
}

/* -- key and certificate -------------------------------------------------- */

static void
note_date(const struct check *k, const char *what, int64_t at_s)
{
	time_t at = (time_t)at_s;
	char date[32] = "?";
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	notes_add(k->notes, "tls_certificate: %s %s: browsers refuse it", what, date);
}

static void
note_certificate(const struct check *k, const char *pem)
{
	char host[NETNAME_HOST_MAX];
	struct tls_facts facts;
	int64_t now = (int64_t)time(NULL);

	if (hostname_parse(k->c->server_name, host) < 0 || tls_facts_read(pem, host, &facts) < 0)
		return;
	if (now < OLD_CLOCK_S)
		notes_add(k->notes, "the clock of this machine says that it is before 2025");
	if (facts.not_after_s < now)
		note_date(k, "it expired on", facts.not_after_s);
	else if (facts.not_after_s - now < CERTIFICATE_WARN_S)
		note_date(k, "it expires soon, on", facts.not_after_s);
	if (facts.not_before_s > now)
		note_date(k, "it is not valid before", facts.not_before_s);
	if (!facts.names_host)
		notes_add(k->notes, "tls_certificate: it is not for %s: browsers refuse it there",
		    host);
	if (!facts.chain_fits)
		notes_add(k->notes, "tls_certificate: the chain is out of order: each certificate "
		    "must be followed by that of its issuer");
}

/* Clients pin the key: if it is another than at the last start, they must be told first; they
 * are by tls_next_fingerprint, which an administrator leaves there during the change. */
static void
note_key(const struct check *k, const char *fingerprint)
{
	char known[TLS_FINGERPRINT_MAX];

	if (strcmp(k->c->tls_next_fingerprint, fingerprint) == 0)
		return;
	if (state_known_key(k->c, known) == 0 && strcmp(known, fingerprint) != 0)
		notes_add(k->notes, "tls_key: the key is now %s, and was %s: native clients that "
		    "know the old one will refuse to connect until they are told", fingerprint, known);
}

static int
check_pair(const struct check *k, struct pem *pem)
{
	char fingerprint[TLS_FINGERPRINT_MAX];
	struct stat st;

	if (master_read_certificate(k->c, pem, fingerprint, k->err, k->errlen) < 0)
		return PROC_EX_CONFIG;
	note_certificate(k, pem->certificate);
	note_key(k, fingerprint);
	if (stat(k->c->tls_key, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		notes_add(k->notes, "tls_key: %s can be read by every user: chmod o-rwx",
		    k->c->tls_key);
	return 0;
}

/* A start makes the directory of a missing file, and not those above it. */
static int
check_new_file(const struct check *k, const char *option, const char *file)
{
	char copy[PATH_MAX];
	const char *dir = path_directory(file, copy);
	struct stat st;

	if (is_to_be_made(k, dir) || stat(dir, &st) < 0)
		return check_place(k, option, dir);
	return check_place(k, option, file);
}

static int
check_certificate(const struct check *k)
{
	struct pem *pem;
	int rc;

	if (state_check_key(k->c, k->err, k->errlen) < 0 ||
	    tls_facts_check_files(k->c->tls_certificate, k->c->tls_key, k->err, k->errlen) < 0)
		return PROC_EX_CONFIG;
	if (access(k->c->tls_certificate, F_OK) < 0) {
		rc = check_new_file(k, "tls_certificate", k->c->tls_certificate);
		return rc != 0 || access(k->c->tls_key, F_OK) == 0 ? rc :
		    check_new_file(k, "tls_key", k->c->tls_key);
	}
	if ((pem = calloc(1, sizeof(*pem))) == NULL)
		return refuse(k, "no memory for the certificate");
	rc = check_pair(k, pem);
	explicit_bzero(pem, sizeof(*pem));
	free(pem);
	return rc;
}

/* -- kith.db, as a start finds it ----------------------------------------- */

struct look {
	const struct conf	*c;
	uid_t			 uid;
	char			*err;
	size_t			 errlen;
};

static int
look_at_database(const char *unused, int fatal, void *arg)
{
	const struct look *l = arg;
	bool is_fatal = fatal;

	(void)unused;
	return kith_db_check(l->c, l->uid, &is_fatal, l->err, l->errlen) < 0 && is_fatal ?
	    PROC_EX_CONFIG : 0;
}

int
check_kith_db(const struct conf *c, const struct state_owner *o, char *err, size_t errlen)
{
	const struct check k = { c, o, NULL, err, errlen };
	struct look l = { c, o->drops ? o->uid : geteuid(), err, errlen };
	int rc;

	if (strcmp(c->database, "mysql") == 0 || is_to_be_made(&k, c->state_dir))
		return 0;
	rc = with_rights_of(o, look_at_database, NULL, false, &l);
	return rc < 0 ? refuse(&k, "%s: %s", c->state_dir, strerror(-rc)) : rc;
}

/* -- all ------------------------------------------------------------------ */

int
check_all(const struct conf *c, const struct state_owner *o, struct notes *notes,
    char *err, size_t errlen)
{
	static int (*const rows[])(const struct check *) = {
		check_state, check_apart, check_places, check_certificate, check_log,
		check_database, check_lobby, check_page, check_name, check_listen,
	};
	const struct check k = { c, o, notes, err, errlen };
	int rc = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && rc == 0; i++)
		rc = rows[i](&k);
	return rc;
}

int
check_log_file(const struct conf *c, const struct state_owner *o, char *err, size_t errlen)
{
	const struct check k = { c, o, NULL, err, errlen };

	return check_log(&k) == 0 ? 0 : -1;
}

int
check_print(const struct conf *c)
{
	struct notes notes = { 0 };
	struct state_owner owner;
	char err[1024] = "", warning[NOTES_TEXT_MAX + 16];
	int rc = PROC_EX_CONFIG;

	if (state_owner(c, &owner, err, sizeof(err)) == 0)
		rc = check_all(c, &owner, &notes, err, sizeof(err));
	if (rc == 0)
		rc = check_kith_db(c, &owner, err, sizeof(err));
	for (unsigned i = 0; i < notes.n; i++) {
		snprintf(warning, sizeof(warning), "warning: %s", notes.text[i]);
		log_complain(warning);
	}
	if (rc != 0)
		log_complain(err);
	else if (printf("the configuration is fine%s%s\n", c->file ? ": " : "",
	    c->file ? c->file : "") < 0)
		return 1;
	return rc;
}
