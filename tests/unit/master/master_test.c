/*
 * master_test.c - the master with roles of our own: start, death, hang, stop, reload, control.
 *
 * The roles do what `orders` says, a page that the test, the master and the roles share. The
 * test is the subreaper of them all, so that it sees each process leave.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <jansson.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/handout/pem.h"
#include "server/lib/log.h"
#include "server/master/control.h"
#include "server/master/master.h"
#include "server/proc/ipc.h"
#include "server/tls/tls.h"
#include "shm/stripe.h"
#include "tests/unit/kit/tmpdir.h"

#define PATIENCE_MS	20000u
#define WATCHDOG_TEST_MS 2000u
#define STARTS_MAX	16u
#define USER		4711u
/* Of the master: one of each other role, and a second worker. */
#define PROCESSES	((unsigned)ROLE_COUNT)

struct orders {
	_Atomic unsigned	fail[ROLE_COUNT];	/* so many starts end unready */
	_Atomic int		fail_status;
	_Atomic bool		hang[ROLE_COUNT];	/* the next turn never ends */
	_Atomic bool		no_drain[ROLE_COUNT];	/* SIGTERM is heard, and not followed */
	_Atomic bool		die_locked;	/* a worker dies with a stripe of the registry */
	_Atomic bool		register_user;		/* workers add a session of USER */
	/* What happened. */
	_Atomic unsigned	starts[ROLE_COUNT];
	_Atomic uint64_t	started_ms[ROLE_COUNT][STARTS_MAX];
	_Atomic unsigned	started;
	_Atomic unsigned	start_order[16];	/* roles */
	_Atomic unsigned	early;			/* started before one below was ready */
	_Atomic unsigned	drained;
	_Atomic unsigned	drain_order[16];	/* roles */
	_Atomic unsigned	send_rate[ROLE_COUNT];	/* as the role's configuration has it */
	_Atomic unsigned	reloads[ROLE_COUNT];
	_Atomic unsigned	certificate_byte;	/* its sum, at the worker */
	_Atomic uint64_t	seen_user;
};

static struct orders *orders;

static void
nap(void)
{
	const struct timespec ts = { 0, 5 * 1000000 };

	nanosleep(&ts, NULL);
}

/* -- the roles ------------------------------------------------------------ */

static void
role_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	(void)p;
	(void)body;
	(void)len;
	if (h->type == IPC_SEEN)
		atomic_store(&orders->seen_user, h->user[0]);
}

static void
role_turn(struct proc *p)
{
	if (p->role == ROLE_WORKER && atomic_exchange(&orders->die_locked, false)) {
		rlock_take(&stripe_at(&p->shared->registry.sessions, 0)->lock, RANK_TABLE);
		raise(SIGKILL);
	}
	while (atomic_load(&orders->hang[p->role]))
		nap();
}

static void
note_conf(struct proc *p)
{
	static struct pem pem;
	unsigned sum = 0;

	atomic_store(&orders->send_rate[p->role], p->conf->send_rate);
	if (p->role == ROLE_WORKER && proc_pem(p, &pem) == 0) {
		for (const char *s = pem.certificate; *s; s++)
			sum += (unsigned char)*s;
		atomic_store(&orders->certificate_byte, sum);
	}
}

static void
role_reload(struct proc *p)
{
	note_conf(p);
	atomic_fetch_add(&orders->reloads[p->role], 1);
}

static void
role_drain(struct proc *p)
{
	atomic_store(&orders->drain_order[atomic_fetch_add(&orders->drained, 1) % 16], p->role);
	if (!atomic_load(&orders->no_drain[p->role]))
		proc_stop(p);
}

static void
add_session(struct proc *p)
{
	struct registry_session s = { .worker = p->index, .generation = p->generation,
	    .device = 1, .name = "alice" };

	registry_add(&p->shared->registry, USER, &s);
}

static void
note_start(struct proc *p)
{
	atomic_store(&orders->start_order[atomic_fetch_add(&orders->started, 1) % 16], p->role);
	for (unsigned i = 0; i < p->shared->first[p->role]; i++)
		if (atomic_load(&p->shared->slots[i].ready) == 0)
			atomic_fetch_add(&orders->early, 1);
}

static int
role_main(struct proc *p)
{
	static const struct proc_ops ops = { .record = role_record, .turn = role_turn,
	    .reload = role_reload, .drain = role_drain };
	unsigned n = atomic_fetch_add(&orders->starts[p->role], 1);

	atomic_store(&orders->started_ms[p->role][n % STARTS_MAX], clock_now_ms());
	note_start(p);
	if (atomic_load(&orders->fail[p->role]) > 0) {
		atomic_fetch_sub(&orders->fail[p->role], 1);
		return atomic_load(&orders->fail_status);
	}
	note_conf(p);
	if (p->role == ROLE_WORKER && atomic_load(&orders->register_user))
		add_session(p);
	proc_run(p, &ops);
	event_base_free(p->base);
	return 0;
}

static struct proc_role roles[ROLE_COUNT];

/* The role of the nth process that the master starts. */
static unsigned
nth_role(unsigned n)
{
	return n < ROLE_WORKER ? n + 1 : ROLE_WORKER;
}

/* The rows of kithd with mains of ours. With the database's directory as the root, ours
 * would be refused by the mode of the test's directory. */
static void
fill_roles(void)
{
	memcpy(roles, proc_roles, sizeof(roles));
	for (unsigned r = ROLE_LOG; r < ROLE_COUNT; r++) {
		roles[r].main = role_main;
		if (roles[r].root == PROC_ROOT_DATABASE || roles[r].root == PROC_ROOT_LOG)
			roles[r].root = PROC_ROOT_ALL;
	}
}

/* -- a server ------------------------------------------------------------- */

struct server {
	const char	*dir;
	pid_t		 pid;
};

static void
write_conf(const char *dir, const char *text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/kithd.conf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* The exit status of a kithd in `dir`. */
static int
run(const char *dir)
{
	struct master_args args = { .roles = roles, .watchdog_ms = WATCHDOG_TEST_MS };
	char err[512];
	int status;

	args.conf = conf_load(NULL, dir, err, sizeof(err));
	if (args.conf == NULL ||
	    conf_set(args.conf, "listen", "127.0.0.1:0", err, sizeof(err)) < 0 ||
	    conf_set(args.conf, "workers", "2", err, sizeof(err)) < 0 ||
	    conf_set(args.conf, "user", "nobody", err, sizeof(err)) < 0 ||
	    conf_set(args.conf, "inbox_bytes", "262144", err, sizeof(err)) < 0 ||
	    conf_set(args.conf, "sessions_max", "100", err, sizeof(err)) < 0 ||
	    conf_set(args.conf, "groups_max", "100", err, sizeof(err)) < 0 ||
	    (!conf_given(args.conf, "log_level") &&
	    conf_set(args.conf, "log_level", "error", err, sizeof(err)) < 0)) {
		fprintf(stderr, "%s\n", err);
		return 99;
	}
	status = master_run(&args);
	conf_destroy(args.conf);
	return status;
}

static pid_t
launch(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* nothing stays of a test that fails */
		exit(run(dir));
	}
	assert_true(pid > 0);
	return pid;
}

static int
connect_to(const struct server *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval patience = { PATIENCE_MS / 1000, 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control", s->dir);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The next line, as JSON; NULL: the connection ended. */
static json_t *
answer_of(int fd)
{
	static char buf[65536];
	size_t len = 0;

	while (len < sizeof(buf) && recv(fd, buf + len, 1, 0) == 1)
		if (buf[len++] == '\n')
			return json_loadb(buf, len, 0, NULL);
	return NULL;
}

static json_t *
exchange(int fd, const char *line)
{
	return send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 ? NULL : answer_of(fd);
}

static json_t *
ask(const struct server *s, const char *line)
{
	int fd = connect_to(s);
	json_t *answer;

	if (fd < 0)
		return NULL;
	answer = exchange(fd, line);
	close(fd);
	return answer;
}

static json_t *
status(const struct server *s)
{
	return ask(s, "{\"command\":\"status\"}\n");
}

static bool
is_ready(const struct server *s)
{
	json_t *answer = status(s);
	bool ready = json_is_true(json_object_get(answer, "ready"));

	json_decref(answer);
	return ready;
}

static void
wait_ready(const struct server *s)
{
	uint64_t end = clock_now_ms() + PATIENCE_MS;

	while (!is_ready(s)) {
		if (clock_now_ms() > end)
			fail_msg("not ready");
		nap();
	}
}

/* A field of a process's row. */
static json_int_t
process(const struct server *s, const char *role, int index, const char *field)
{
	json_t *answer = status(s), *row;
	json_int_t value = -1;
	size_t i;

	json_array_foreach(json_object_get(answer, "processes"), i, row) {
		if (strcmp(json_string_value(json_object_get(row, "role")), role) == 0 &&
		    json_integer_value(json_object_get(row, "index")) == index)
			value = json_integer_value(json_object_get(row, field));
	}
	json_decref(answer);
	return value;
}

/* Until another process serves in this place. */
static void
wait_replaced(const struct server *s, const char *role, int index, json_int_t old)
{
	uint64_t end = clock_now_ms() + PATIENCE_MS;
	json_int_t pid;

	do {
		if (clock_now_ms() > end)
			fail_msg("%s %d is not replaced", role, index);
		nap();
		pid = process(s, role, index, "pid");
	} while (pid <= 0 || pid == old || !is_ready(s));
}

/* Reaps `pid`. Its wait status; the test fails if it stays for `ms`. */
static int
wait_gone(pid_t pid, unsigned ms)
{
	uint64_t end = clock_now_ms() + ms;
	int st = 0;
	pid_t got;

	while ((got = waitpid(pid, &st, WNOHANG)) == 0) {
		if (clock_now_ms() > end)
			fail_msg("process %d stays", (int)pid);
		nap();
	}
	assert_int_equal(got, pid);
	return st;
}

/* A start that follows another looks for it; none of the roles here opens it. */
static void
write_database(const char *dir)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/kith.db", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fwrite("SQLite format 3", 1, 16, f);
	fchmod(fileno(f), 0666);
	assert_int_equal(fclose(f), 0);
}

static struct server
prepare(const char *conf)
{
	struct server s = { .dir = tmpdir() };

	memset(orders, 0, sizeof(*orders));
	fill_roles();
	write_conf(s.dir, conf);
	write_database(s.dir);
	return s;
}

static struct server
start(const char *conf)
{
	struct server s = prepare(conf);

	s.pid = launch(s.dir);
	wait_ready(&s);
	return s;
}

static int
stop(struct server *s)
{
	int st;

	kill(s->pid, SIGTERM);
	st = wait_gone(s->pid, PATIENCE_MS);
	tmpdir_remove(s->dir);
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static void
kill_process(const struct server *s, const char *role, int index)
{
	json_int_t pid = process(s, role, index, "pid");

	assert_true(pid > 0);
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
	wait_replaced(s, role, index, pid);
}

/* -- start and death ------------------------------------------------------ */

static void
every_role_is_replaced_when_it_is_killed(void **state)
{
	struct server s = start("");

	(void)state;
	for (unsigned r = ROLE_LOG; r < ROLE_COUNT; r++) {
		assert_int_equal(process(&s, roles[r].name, 0, "restarts"), 0);
		kill_process(&s, roles[r].name, 0);
		assert_int_equal(process(&s, roles[r].name, 0, "restarts"), 1);
	}
	assert_int_equal(process(&s, "worker", 1, "restarts"), 0);
	assert_int_equal(stop(&s), 0);
}

static void
each_role_starts_when_those_before_it_are_ready(void **state)
{
	struct server s = start("");

	(void)state;
	assert_int_equal(atomic_load(&orders->started), PROCESSES);
	for (unsigned i = 0; i < PROCESSES; i++)
		assert_int_equal(atomic_load(&orders->start_order[i]), nth_role(i));
	assert_int_equal(atomic_load(&orders->early), 0);
	assert_int_equal(stop(&s), 0);
}

static void
restart_backoff_doubles(void **state)
{
	struct server s = prepare("");
	uint64_t gap;

	(void)state;
	atomic_store(&orders->fail[ROLE_READER], 3);
	atomic_store(&orders->fail_status, 1);
	s.pid = launch(s.dir);
	wait_ready(&s);
	assert_int_equal(atomic_load(&orders->starts[ROLE_READER]), 4);
	assert_int_equal(atomic_load(&orders->starts[ROLE_WRITER]), 1);
	for (unsigned n = 1; n < 4; n++) {
		gap = atomic_load(&orders->started_ms[ROLE_READER][n]) -
		    atomic_load(&orders->started_ms[ROLE_READER][n - 1]);
		assert_true(gap >= 100u << (n - 1));
	}
	assert_int_equal(stop(&s), 0);
}

static void
a_refused_configuration_ends_the_start(void **state)
{
	struct server s = prepare("");
	int st;

	(void)state;
	atomic_store(&orders->fail[ROLE_WRITER], 1);
	atomic_store(&orders->fail_status, PROC_EX_CONFIG);
	s.pid = launch(s.dir);
	st = wait_gone(s.pid, PATIENCE_MS);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), PROC_EX_CONFIG);
	assert_int_equal(atomic_load(&orders->starts[ROLE_WORKER]), 0);
	tmpdir_remove(s.dir);
}

static void
a_process_that_hangs_is_killed_and_replaced(void **state)
{
	struct server s = start("");
	json_int_t pid = process(&s, "auth", 0, "pid");

	(void)state;
	atomic_store(&orders->hang[ROLE_AUTH], true);
	/* Its pid leaves the table before its successor is asked. */
	for (uint64_t end = clock_now_ms() + PATIENCE_MS; process(&s, "auth", 0, "pid") == pid;) {
		assert_true(clock_now_ms() < end);
		nap();
	}
	atomic_store(&orders->hang[ROLE_AUTH], false);
	wait_replaced(&s, "auth", 0, pid);
	assert_int_equal(process(&s, "worker", 0, "restarts"), 0);
	assert_int_equal(stop(&s), 0);
}

static void
sessions_of_a_dead_worker_are_swept(void **state)
{
	struct server s = prepare("");
	json_t *answer;
	uint64_t end;

	(void)state;
	atomic_store(&orders->register_user, true);
	s.pid = launch(s.dir);
	wait_ready(&s);
	answer = status(&s);
	assert_int_equal(json_integer_value(json_object_get(answer, "sessions")), 2);
	assert_int_equal(json_integer_value(json_object_get(answer, "users_online")), 1);
	json_decref(answer);
	answer = ask(&s, "{\"command\":\"sessions\"}\n");
	assert_int_equal(json_array_size(json_object_get(answer, "sessions")), 2);
	json_decref(answer);

	/* One of two: still online, so nobody was "seen". */
	atomic_store(&orders->register_user, false);
	kill_process(&s, "worker", 0);
	answer = status(&s);
	assert_int_equal(json_integer_value(json_object_get(answer, "sessions")), 1);
	json_decref(answer);
	assert_int_equal(atomic_load(&orders->seen_user), 0);
	kill_process(&s, "worker", 1);
	for (end = clock_now_ms() + PATIENCE_MS; atomic_load(&orders->seen_user) != USER; nap())
		assert_true(clock_now_ms() < end);
	answer = status(&s);
	assert_int_equal(json_integer_value(json_object_get(answer, "sessions")), 0);
	json_decref(answer);
	assert_int_equal(stop(&s), 0);
}

/* The sweep that follows the death repairs it. */
static void
a_lock_of_the_dead_is_repaired_and_counted(void **state)
{
	struct server s = start("");
	uint64_t end = clock_now_ms() + PATIENCE_MS;
	json_int_t repaired = 0;

	(void)state;
	atomic_store(&orders->die_locked, true);
	while (repaired == 0 && clock_now_ms() < end) {
		json_t *answer = status(&s);

		repaired = json_integer_value(json_object_get(json_object_get(answer, "stats"),
		    "locks_repaired"));
		json_decref(answer);
		nap();
	}
	assert_int_equal(repaired, 1);
	assert_int_equal(stop(&s), 0);
}

/* -- stop ----------------------------------------------------------------- */

static void
roles_drain_in_the_opposite_order(void **state)
{
	struct server s = start("");
	char control[4096], pid_file[4096];

	(void)state;
	snprintf(control, sizeof(control), "%s/control", s.dir);
	snprintf(pid_file, sizeof(pid_file), "%s/kithd.pid", s.dir);
	assert_int_equal(access(pid_file, F_OK), 0);
	kill(s.pid, SIGTERM);
	assert_int_equal(wait_gone(s.pid, PATIENCE_MS), 0);
	assert_int_equal(atomic_load(&orders->drained), PROCESSES);
	for (unsigned i = 0; i < PROCESSES; i++)
		assert_int_equal(atomic_load(&orders->drain_order[i]),
		    nth_role(PROCESSES - 1 - i));
	assert_int_equal(access(control, F_OK), -1);
	assert_int_equal(access(pid_file, F_OK), -1);
	tmpdir_remove(s.dir);
}

static void
role_that_does_not_drain_is_killed(void **state)
{
	struct server s = start("drain_ms 100\n");

	(void)state;
	atomic_store(&orders->no_drain[ROLE_WORKER], true);
	atomic_store(&orders->no_drain[ROLE_WRITER], true);
	assert_int_equal(stop(&s), 0);
	assert_int_equal(atomic_load(&orders->drained), PROCESSES);
}

static void
roles_leave_when_the_master_is_killed(void **state)
{
	struct server s = start("");
	json_t *answer = status(&s), *row;
	pid_t pids[8];
	uint64_t began;
	size_t i, n = 0;

	(void)state;
	json_array_foreach(json_object_get(answer, "processes"), i, row)
		if ((pid_t)json_integer_value(json_object_get(row, "pid")) != s.pid)
			pids[n++] = (pid_t)json_integer_value(json_object_get(row, "pid"));
	json_decref(answer);
	assert_int_equal(n, 6);
	began = clock_now_ms();
	kill(s.pid, SIGKILL);
	wait_gone(s.pid, PATIENCE_MS);
	for (i = 0; i < n; i++)
		wait_gone(pids[i], PATIENCE_MS);
	assert_true(clock_now_ms() - began < 2000);

	/* What it left is no obstacle. */
	s.pid = launch(s.dir);
	wait_ready(&s);
	assert_int_equal(stop(&s), 0);
}

static void
a_second_start_is_refused(void **state)
{
	struct server s = start("");
	int st = wait_gone(launch(s.dir), PATIENCE_MS);

	(void)state;
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 1);
	assert_true(is_ready(&s));
	assert_int_equal(stop(&s), 0);
}

/* -- reload --------------------------------------------------------------- */

static void
wait_reloads(unsigned n)
{
	uint64_t end = clock_now_ms() + PATIENCE_MS;

	for (unsigned r = ROLE_LOG; r < ROLE_COUNT; r++) {
		while (atomic_load(&orders->reloads[r]) < (r == ROLE_WORKER ? 2 * n : n)) {
			assert_true(clock_now_ms() < end);
			nap();
		}
	}
}

static void
replace_certificate(const struct server *s)
{
	static const char *const names[] = { "another.example" };
	char certificate[4096], key[4096], err[256];

	snprintf(certificate, sizeof(certificate), "%s/tls/cert.pem", s->dir);
	snprintf(key, sizeof(key), "%s/tls/key.pem", s->dir);
	unlink(certificate);
	unlink(key);
	assert_int_equal(tls_make_certificate(certificate, key, names, 1, err, sizeof(err)), 0);
}

static void
reload_reaches_every_role(void **state)
{
	struct server s = start("send_rate 5\n");
	unsigned before = atomic_load(&orders->certificate_byte);
	json_t *answer;

	(void)state;
	assert_true(before > 0);
	for (unsigned r = ROLE_LOG; r < ROLE_COUNT; r++)
		assert_int_equal(atomic_load(&orders->send_rate[r]), 5);
	write_conf(s.dir, "send_rate 7\nworkers 9\n");
	answer = ask(&s, "{\"command\":\"reload\"}\n");
	assert_non_null(json_object_get(answer, "fingerprint"));
	json_decref(answer);
	wait_reloads(1);
	for (unsigned r = ROLE_LOG; r < ROLE_COUNT; r++)
		assert_int_equal(atomic_load(&orders->send_rate[r]), 7);
	/* One that is born later has it too. */
	atomic_store(&orders->send_rate[ROLE_AUTH], 0);
	kill_process(&s, "auth", 0);
	assert_int_equal(atomic_load(&orders->send_rate[ROLE_AUTH]), 7);

	/* By signal, and with another certificate. */
	replace_certificate(&s);
	kill(s.pid, SIGHUP);
	wait_reloads(2);
	assert_int_not_equal(atomic_load(&orders->certificate_byte), before);
	assert_int_equal(stop(&s), 0);
}

static void
a_bad_reload_changes_nothing(void **state)
{
	static const char *const bad[] = { "send_rate many\n", "send_rate 7\nno_such 1\n",
	    "send_rate 7\ntls_key nowhere.pem\n" };
	struct server s = start("send_rate 5\n");
	json_t *answer;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_conf(s.dir, bad[i]);
		answer = ask(&s, "{\"command\":\"reload\"}\n");
		assert_non_null(json_object_get(answer, "error"));
		json_decref(answer);
	}
	kill_process(&s, "reader", 0);
	assert_int_equal(atomic_load(&orders->send_rate[ROLE_READER]), 5);
	for (unsigned r = ROLE_LOG; r < ROLE_COUNT; r++)
		assert_int_equal(atomic_load(&orders->reloads[r]), 0);
	assert_int_equal(stop(&s), 0);
}

/* -- the log -------------------------------------------------------------- */

/* Until the file holds `text`. */
static void
wait_logged(const char *path, const char *text)
{
	uint64_t end = clock_now_ms() + PATIENCE_MS;
	static char buf[65536];
	size_t n;
	FILE *f;

	do {
		assert_true(clock_now_ms() < end);
		nap();
		n = 0;
		if ((f = fopen(path, "r")) != NULL) {
			n = fread(buf, 1, sizeof(buf) - 1, f);
			fclose(f);
		}
		buf[n] = '\0';
	} while (strstr(buf, text) == NULL);
}

static void
log_file_is_reopened_by_sigusr1(void **state)
{
	struct server s = prepare("log_to file\nlog_file log\nlog_level info\n");
	char file[4096], old[4200];

	(void)state;
	roles[ROLE_LOG].main = logger_main;
	s.pid = launch(s.dir);
	wait_ready(&s);
	snprintf(file, sizeof(file), "%s/log", s.dir);
	snprintf(old, sizeof(old), "%s.1", file);
	wait_logged(file, " info master server.ready ");
	assert_int_equal(rename(file, old), 0);
	kill(s.pid, SIGUSR1);
	/* Until it is opened, lines go to the old one. */
	for (uint64_t end = clock_now_ms() + PATIENCE_MS; access(file, F_OK) < 0; nap())
		assert_true(clock_now_ms() < end);
	kill_process(&s, "reader", 0);
	wait_logged(file, " warn master role.exit role=reader index=0 ");
	assert_int_equal(stop(&s), 0);
}

/* What was pushed while nobody wrote is written by the next log role. */
static void
lines_outlive_their_log_role(void **state)
{
	struct server s = prepare("log_to file\nlog_file log\nlog_level info\n");
	char file[4096];
	json_int_t pid;

	(void)state;
	roles[ROLE_LOG].main = logger_main;
	s.pid = launch(s.dir);
	wait_ready(&s);
	snprintf(file, sizeof(file), "%s/log", s.dir);
	pid = process(&s, "log", 0, "pid");
	assert_int_equal(kill((pid_t)pid, SIGSTOP), 0);
	kill_process(&s, "auth", 0);
	assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
	wait_logged(file, " warn master role.exit role=auth index=0 ");
	wait_logged(file, " warn master role.exit role=log index=0 ");
	assert_int_equal(stop(&s), 0);
}

/* -- control -------------------------------------------------------------- */

static void
bad_requests_are_answered(void **state)
{
	static const struct { const char *line; int exit; } cases[] = {
		{ "nonsense\n", 2 },
		{ "\n", 2 },
		{ "[]\n", 2 },
		{ "{}\n", 2 },
		{ "{\"command\":1}\n", 2 },
		{ "{\"command\":\"nonsense\"}\n", 2 },
		{ "{\"command\":\"status\",\"command\":\"stop\"}\n", 2 },
		{ "{\"command\":\"invite\",\"uses\":0}\n", 2 },
		{ "{\"command\":\"invite\",\"uses\":\"one\"}\n", 2 },
		{ "{\"command\":\"invite\",\"life_ms\":1}\n", 2 },
		{ "{\"command\":\"invite\",\"more\":1}\n", 2 },
		{ "{\"command\":\"user_add\",\"name\":\"a\"}\n", 2 },
		{ "{\"command\":\"user_disable\"}\n", 2 },
	};
	struct server s = start("");
	int fd = connect_to(&s);
	json_t *answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		answer = exchange(fd, cases[i].line);
		if (json_integer_value(json_object_get(answer, "exit")) != cases[i].exit)
			fail_msg("%s", cases[i].line);
		assert_non_null(json_object_get(answer, "error"));
		json_decref(answer);
	}
	close(fd);
	assert_int_equal(stop(&s), 0);
}

static void
a_line_without_end_is_cut_off(void **state)
{
	struct server s = start("");
	static char line[CONTROL_LINE_MAX + 1];
	int fd = connect_to(&s);

	(void)state;
	memset(line, ' ', sizeof(line) - 1);
	assert_null(exchange(fd, line));
	close(fd);
	assert_true(is_ready(&s));
	assert_int_equal(stop(&s), 0);
}

static void
requests_in_one_piece_are_answered_one_by_one(void **state)
{
	struct server s = start("");
	int fd = connect_to(&s);
	json_t *first, *second, *third;

	(void)state;
	first = exchange(fd, "{\"command\":\"stats\"}\n{\"command\":\"sessions\"}\n{\"comm");
	second = answer_of(fd);
	third = exchange(fd, "and\":\"status\"}\n");
	assert_non_null(json_object_get(first, "stats"));
	assert_non_null(json_object_get(second, "sessions"));
	assert_non_null(json_object_get(third, "processes"));
	json_decref(first);
	json_decref(second);
	json_decref(third);
	close(fd);
	assert_int_equal(stop(&s), 0);
}

/* More than there is room for wait in the backlog, and come in when others leave. */
static void
clients_beyond_the_bound_wait(void **state)
{
	struct server s = start("");
	int fds[CONTROL_CLIENTS_MAX];
	json_t *answer;
	int late;

	(void)state;
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = connect_to(&s);
		answer = exchange(fds[i], "{\"command\":\"stats\"}\n");
		assert_non_null(answer);
		json_decref(answer);
	}
	late = connect_to(&s);
	assert_true(late >= 0);
	close(fds[3]);
	answer = exchange(late, "{\"command\":\"stats\"}\n");
	assert_non_null(json_object_get(answer, "stats"));
	json_decref(answer);
	close(late);
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (i != 3)
			close(fds[i]);
	assert_int_equal(stop(&s), 0);
}

static void
strangers_are_refused(void **state)
{
	char path[4096];
	struct server s;
	json_t *answer;
	pid_t pid;
	int st;

	(void)state;
	if (geteuid() != 0)
		skip();
	s = start("");
	/* The socket's mode keeps them out; here only the question who they are is left. */
	snprintf(path, sizeof(path), "%s/control", s.dir);
	assert_int_equal(chmod(s.dir, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	if ((pid = fork()) == 0) {
		if (setresuid(12345, 12345, 12345) < 0)
			_exit(2);
		/* It may be told so, if the connection's end does not come first. */
		answer = status(&s);
		_exit(answer != NULL &&
		    json_integer_value(json_object_get(answer, "exit")) != 5);
	}
	st = wait_gone(pid, PATIENCE_MS);
	assert_int_equal(st, 0);
	assert_int_equal(stop(&s), 0);
}

static void
stop_by_command_ends_the_connection_last(void **state)
{
	struct server s = start("");
	int fd = connect_to(&s);
	json_t *answer = exchange(fd, "{\"command\":\"stop\"}\n");
	char byte;

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(answer, "pid")), s.pid);
	json_decref(answer);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	assert_int_equal(wait_gone(s.pid, PATIENCE_MS), 0);
	assert_int_equal(atomic_load(&orders->drained), PROCESSES);
	tmpdir_remove(s.dir);
}

static int
setup(void **state)
{
	(void)state;
	orders = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	if (orders == MAP_FAILED)
		return -1;
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_role_is_replaced_when_it_is_killed),
		cmocka_unit_test(each_role_starts_when_those_before_it_are_ready),
		cmocka_unit_test(restart_backoff_doubles),
		cmocka_unit_test(a_refused_configuration_ends_the_start),
		cmocka_unit_test(a_process_that_hangs_is_killed_and_replaced),
		cmocka_unit_test(sessions_of_a_dead_worker_are_swept),
		cmocka_unit_test(a_lock_of_the_dead_is_repaired_and_counted),
		cmocka_unit_test(roles_drain_in_the_opposite_order),
		cmocka_unit_test(role_that_does_not_drain_is_killed),
		cmocka_unit_test(roles_leave_when_the_master_is_killed),
		cmocka_unit_test(a_second_start_is_refused),
		cmocka_unit_test(reload_reaches_every_role),
		cmocka_unit_test(a_bad_reload_changes_nothing),
		cmocka_unit_test(log_file_is_reopened_by_sigusr1),
		cmocka_unit_test(lines_outlive_their_log_role),
		cmocka_unit_test(bad_requests_are_answered),
		cmocka_unit_test(a_line_without_end_is_cut_off),
		cmocka_unit_test(requests_in_one_piece_are_answered_one_by_one),
		cmocka_unit_test(clients_beyond_the_bound_wait),
		cmocka_unit_test(strangers_are_refused),
		cmocka_unit_test(stop_by_command_ends_the_connection_last),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
