/*
 * kithctl_backup.c - a copy of the SQLite database, made while it is in use.
 *
 * The copy is one snapshot: SQLite's backup in a single step reads in one transaction, and the
 * writer goes on meanwhile. A plain copy of kith.db would lack what is still in kith.db-wal.
 *
 * Trust  The state directory is the service user's, who may put links into it. So a child
 *        with that user's rights reads the database and writes the copy beside it, and we,
 *        who may be root, follow no link when we take the copy from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "server/conf/conf.h"
#include "server/conf/path.h"
#include "server/ctl/kithctl.h"

#define DATABASE	"kith.db"
#define COPY		"kith.db.copying"
#define WAIT_MS		30000		/* for a lock: at a start, or a change of schema */

/* -- the child ------------------------------------------------------------ */

static int
copy_pages(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc = SQLITE_ERROR;

	if (b != NULL) {
		while ((rc = sqlite3_backup_step(b, -1)) == SQLITE_BUSY || rc == SQLITE_LOCKED)
			sqlite3_sleep(50);
		sqlite3_backup_finish(b);
	}
	return rc == SQLITE_DONE ? sqlite3_exec(to, "PRAGMA quick_check", NULL, NULL, NULL) : rc;
}

/* What SQLite says of a failure, and what the system said to it. */
static int
tell_failed_copy(const struct conf *c, const char *file, int rc, int error)
{
	char err[9000];

	snprintf(err, sizeof(err), "%s: %s%s%s: the copy is made there first, which needs the "
	    "room; %s was not written", c->state_dir, sqlite3_errstr(rc), error != 0 ? ": " : "",
	    error != 0 ? strerror(error) : "", file);
	return kithctl_fail(EXIT_FAILED, err);
}

/* Makes COPY in the current directory. The exit status. */
static int
make_copy(const struct conf *c, const char *file)
{
	sqlite3 *from = NULL, *to = NULL;
	int rc = sqlite3_open_v2(DATABASE, &from, SQLITE_OPEN_READWRITE, NULL), error = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(from, WAIT_MS);
	/* While kithd has closed it, because this is another kith.db, the WAL must stay. */
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(from, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(COPY, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK)
		rc = copy_pages(from, to);
	if (rc != SQLITE_OK && to != NULL)
		error = sqlite3_system_errno(to);
	if (rc != SQLITE_OK && error == 0 && from != NULL)
		error = sqlite3_system_errno(from);
	sqlite3_close(to);
	sqlite3_close(from);
	return rc == SQLITE_OK ? EXIT_DONE : tell_failed_copy(c, file, rc, error);
}

/* Becomes the owner of the database. */
static int
become(const struct stat *owner)
{
	if (geteuid() != 0 || owner->st_uid == 0)
		return 0;
	return setgroups(0, NULL) < 0 ||
	    setresgid(owner->st_gid, owner->st_gid, owner->st_gid) < 0 ||
	    setresuid(owner->st_uid, owner->st_uid, owner->st_uid) < 0 ? -errno : 0;
}

static int
copy_as_owner(int dir, const struct stat *owner, const struct conf *c, const char *file)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return kithctl_fail(EXIT_FAILED, strerror(errno));
	if (pid == 0) {
		umask(077);
		if (fchdir(dir) < 0 || become(owner) < 0)
			_exit(kithctl_fail(EXIT_FAILED, strerror(errno)));
		_exit(make_copy(c, file));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return kithctl_fail(EXIT_FAILED, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

/* -- the file that was asked for ------------------------------------------ */

static int
copy_bytes(int from, int to)
{
	char buf[65536];
	ssize_t n, put;

	while ((n = read(from, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (ssize_t at = 0; at < n; at += put)
			if ((put = write(to, buf + at, (size_t)(n - at))) < 0)
				return -errno;
	}
	return fsync(to) < 0 ? -errno : 0;
}

/* NULL, or why `file` must not become the backup. What is there is replaced only if it is an
 * earlier one, and kithd's own files, as the database itself, are beside the database. */
static const char *
refuse_target(const struct conf *c, const char *file)
{
	static const char magic[] = "SQLite format 3";	/* with its NUL */
	char head[sizeof(magic)] = "", copy[PATH_MAX];
	struct stat st;
	int fd;

	if (path_same_file(path_directory(file, copy), c->state_dir))
		return "kithd keeps its own data in this folder: name another one";
	if (lstat(file, &st) < 0)
		return NULL;		/* nothing is there, or the copy fails and says why */
	if (!S_ISREG(st.st_mode))
		return "this is no file: a backup does not replace it";
	if ((fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) >= 0) {
		if (read(fd, head, sizeof(head)) != sizeof(head))
			head[0] = '\0';
		close(fd);
	}
	return memcmp(head, magic, sizeof(magic)) == 0 || (fd >= 0 && st.st_size == 0) ? NULL :
	    "this file is not an earlier backup, and stays: remove it, or name another one";
}

/* Whole or not at all: by another name first. 0 or -errno. */
static int
take_copy(int dir, const char *file)
{
	int from = openat(dir, COPY, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), to, rc;
	char temp[4200];
	struct stat st;

	if (from < 0)
		return -errno;
	snprintf(temp, sizeof(temp), "%s.XXXXXX", file);
	if (fstat(from, &st) < 0 || !S_ISREG(st.st_mode))
		rc = -EINVAL;
	else if ((to = mkostemp(temp, O_CLOEXEC)) < 0)
		rc = -errno;
	else {
		if ((rc = copy_bytes(from, to)) == 0 && rename(temp, file) < 0)
			rc = -errno;
		if (rc < 0)
			unlink(temp);
		close(to);
	}
	close(from);
	return rc;
}

static int
backup_to(const struct conf *c, const char *file)
{
	int dir = open(c->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status, rc;
	const char *refused = NULL;
	char err[4400] = "";
	struct stat owner;

	if (dir < 0 || fstatat(dir, DATABASE, &owner, AT_SYMLINK_NOFOLLOW) < 0) {
		snprintf(err, sizeof(err), "%s/" DATABASE ": %s", c->state_dir, strerror(errno));
		status = kithctl_fail(errno == EACCES ? EXIT_DENIED : EXIT_FAILED, err);
	} else if ((refused = refuse_target(c, file)) != NULL) {
		snprintf(err, sizeof(err), "%s: %s", file, refused);
		status = kithctl_fail(EXIT_FAILED, err);
	} else {
		unlinkat(dir, COPY, 0);
		status = copy_as_owner(dir, &owner, c, file);
		if (status == EXIT_DONE && (rc = take_copy(dir, file)) < 0) {
			snprintf(err, sizeof(err), "%s: %s: there is no backup", file,
			    strerror(-rc));
			status = kithctl_fail(EXIT_FAILED, err);
		}
		unlinkat(dir, COPY, 0);
		unlinkat(dir, COPY "-journal", 0);
	}
	if (dir >= 0)
		close(dir);
	return status;
}

int
kithctl_backup(const struct kithctl_place *place, const char *file)
{
	char err[1024];
	struct conf *c = conf_load(place->file, place->state_dir, err, sizeof(err));
	int status;

	if (c == NULL)
		return kithctl_fail(EXIT_FAILED, err);
	if (strcmp(c->database, "sqlite") != 0)
		status = kithctl_fail(EXIT_FAILED, "the data is in a MySQL or MariaDB server: use "
		    "its own tools, such as mariadb-dump --single-transaction");
	else
		status = backup_to(c, file);
	conf_destroy(c);
	return status;
}
