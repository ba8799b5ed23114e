#include "tests/unit/kit/mariadb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/kit/tmpdir.h"

#ifdef HAVE_MYSQL

#include "server/db/db_mysql.h"

#define START_TRIES	600		/* of 100 ms */

static const char *dir;
static char socket_path[PATH_MAX];
static pid_t server;

static void __attribute__((noreturn))
give_up(const char *what, const char *why)
{
	fprintf(stderr, "mariadb: %s: %s\n", what, why);
	exit(99);
}

bool
mariadb_there(void)
{
	return access("/usr/sbin/mariadbd", X_OK) == 0 &&
	    access("/usr/bin/mariadb-install-db", X_OK) == 0;
}

/* Runs argv with its output in a log of the folder. */
static pid_t
spawn(const char *const argv[], const char *log)
{
	pid_t parent = getpid(), pid = fork();
	char path[PATH_MAX];
	int fd;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(99);
	snprintf(path, sizeof(path), "%s/%s", dir, log);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(99);
}

/* What the program said before it failed. */
static void
show_log(const char *log)
{
	char path[PATH_MAX], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, log);
	if ((f = fopen(path, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		fputs(line, stderr);
	fclose(f);
}

/* A server that starts removes all temporary tables of its tmpdir, those of other
 * servers, too. */
static void
own_tmpdir(char *option, size_t size)
{
	snprintf(option, size, "--tmpdir=%s", dir);
}

static void
install(void)
{
	char datadir[PATH_MAX], tmp[PATH_MAX];
	const char *argv[] = { "/usr/bin/mariadb-install-db", "--no-defaults", datadir, tmp,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-log-file-size=16M", getuid() == 0 ? "--user=root" : NULL, NULL };
	int status;

	dir = tmpdir();
	snprintf(datadir, sizeof(datadir), "--datadir=%s/data", dir);
	own_tmpdir(tmp, sizeof(tmp));
	snprintf(socket_path, sizeof(socket_path), "%s/sock", dir);
	if (waitpid(spawn(argv, "install.log"), &status, 0) < 0 || status != 0) {
		show_log("install.log");
		give_up("mariadb-install-db", "failed");
	}
}

static MYSQL *
connect_root(void)
{
	MYSQL *h = mysql_init(NULL);

	if (h != NULL && mysql_real_connect(h, NULL, "root", "", NULL, 0, socket_path, 0) != NULL)
		return h;
	mysql_close(h);
	return NULL;
}

static void
wait_until_it_answers(void)
{
	struct timespec pause = { 0, 100 * 1000 * 1000 };
	MYSQL *h;

	for (unsigned i = 0; i < START_TRIES; i++) {
		if ((h = connect_root()) != NULL) {
			mysql_close(h);
			return;
		}
		if (waitpid(server, NULL, WNOHANG) == server)
			give_up("mariadbd", "ended at its start");
		nanosleep(&pause, NULL);
	}
	give_up("mariadbd", "does not answer");
}

static void
stop_at_exit(void)
{
	mariadb_stop(true);
}

const char *
mariadb_start(const char *option)
{
	char datadir[PATH_MAX], sock[PATH_MAX + 16], tmp[PATH_MAX];
	const char *argv[] = { "/usr/sbin/mariadbd", "--no-defaults", datadir, sock, tmp,
		"--skip-networking", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M",
		getuid() == 0 ? "--user=root" : "--skip-symbolic-links", option, NULL };

	if (server != 0)
		return socket_path;
	if (dir == NULL) {
		install();
		atexit(stop_at_exit);
	}
	snprintf(datadir, sizeof(datadir), "--datadir=%s/data", dir);
	snprintf(sock, sizeof(sock), "--socket=%s", socket_path);
	own_tmpdir(tmp, sizeof(tmp));
	server = spawn(argv, "server.log");
	wait_until_it_answers();
	return socket_path;
}

void
mariadb_stop(bool at_once)
{
	if (server == 0)
		return;
	kill(server, at_once ? SIGKILL : SIGTERM);
	waitpid(server, NULL, 0);
	server = 0;
}

void
mariadb_do(const char *sql)
{
	MYSQL *h = connect_root();

	if (h == NULL)
		give_up(sql, "no connection");
	if (mysql_query(h, sql) != 0)
		give_up(sql, mysql_error(h));
	mysql_close(h);
}

bool
mariadb_keeps_password(struct db *d)
{
	const char *password = ((struct mysql_db *)d)->h->passwd;

	return password != NULL && password[0] != '\0';
}

void
mariadb_make_plain(struct db *d)
{
	struct mysql_db *m = (struct mysql_db *)d;

	m->returning = m->arrays = false;
}

#else

bool
mariadb_there(void)
{
	return false;
}

const char *
mariadb_start(const char *option)
{
	(void)option;
	return "";
}

void
mariadb_stop(bool at_once)
{
	(void)at_once;
}

void
mariadb_do(const char *sql)
{
	(void)sql;
}

bool
mariadb_keeps_password(struct db *d)
{
	(void)d;
	return false;
}

void
mariadb_make_plain(struct db *d)
{
	(void)d;
}

#endif
