/*
 * master.c - the master's loop and its phases: starting, serving, stopping.
 *
 * One poll() over the signals, its inbox's eventfd and the control socket. No libevent
 * here, so that the roles make their event bases from scratch after the fork.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "protocol/base/clock.h"
#include "protocol/error.h"
#include "protocol/limits.h"
#include "server/conf/conf.h"
#include "server/conf/served.h"
#include "server/handout/tickets.h"
#include "server/lib/log.h"
#include "server/master/invite.h"
#include "server/master/master_int.h"
#include "server/proc/ipc.h"
#include "server/proc/log_ring.h"

#define START_PATIENCE_MS	5000u	/* then `kithd` returns, and the start goes on */
#define RECORDS_PER_TURN	256u

enum { POLL_SIGNAL, POLL_WAKE, POLL_CONTROL, POLL_COUNT = POLL_CONTROL + CONTROL_POLL_MAX };

/* -- phases --------------------------------------------------------------- */

/* The first role that is not ready; ROLE_COUNT: all are. */
static enum role
first_unready(const struct master *m)
{
	enum role r = ROLE_LOG;

	while (r < ROLE_COUNT && children_ready(m, r))
		r++;
	return r;
}

static bool
has_started(const struct master *m)
{
	return m->phase == MASTER_SERVING;
}

/* Reports the start once: with the first invite, if one is due. */
static void
tell_ready(struct master *m)
{
	if (m->args->ready != NULL && !m->told_ready)
		m->args->ready();
	m->told_ready = true;
	atomic_store(&m->shared.slots[m->self.slot].was_ready, 1);
}

static void
first_invite_made(struct master *m, uint64_t arg, const Kith__Ipc__AdminAnswer *answer)
{
	char url[INVITE_URL_MAX], link[INVITE_URL_MAX];

	(void)arg;
	if (answer->code != KITH_E_OK) {
		log_warn(0, "invite.first", "error=%s again_ms=%u", kith_err_name(answer->code),
		    INVITE_AGAIN_MS);
		m->invite_ms = clock_now_ms() + INVITE_AGAIN_MS;
	} else if (invite_url(m, answer->invite, url, sizeof(url)) == 0 &&
	    invite_link(m, answer->invite, link, sizeof(link)) == 0) {
		dprintf(STDERR_FILENO, "\nkithd is ready. The first administrator, once and within "
		    "24 hours:\n\n    kith join '%s'\n\nor in a browser:\n\n    %s\n\n", url, link);
		explicit_bzero(url, sizeof(url));
		explicit_bzero(link, sizeof(link));
	}
	tell_ready(m);
}

/* What is printed is kept: in a journal, a file, the log of a container. The invite of an
 * administrator must not be. */
static void
tell_how_to_invite(struct master *m)
{
	dprintf(STDERR_FILENO, "\nkithd is ready. The first administrator: make an invite with\n\n"
	    "    kithctl -s '%s' invite --admin\n\n", m->conf->control_socket);
	tell_ready(m);
}

static void
ask_first_invite(struct master *m)
{
	m->invite_ms = 0;
	invite_ask(m, true, INVITE_LIFE_MS, INVITE_USES, first_invite_made, 0);
}

/* As the writer found the database at the start. */
static bool
needs_administrator(const struct master *m)
{
	return atomic_load(&m->shared.slots[m->shared.first[ROLE_WRITER]].nobody) != 0;
}

/* From now on a database that is missing was lost. */
static void
note_served(const struct master *m)
{
	int rc = served_note(m->conf->state_dir);

	if (rc < 0)
		log_warn(0, "state.mark", "file=" SERVED_FILE " error=\"%s\"", strerror(-rc));
}

static void
begin_service(struct master *m)
{
	m->phase = MASTER_SERVING;
	log_info(0, "server.configuration", "file=%s state_dir=%s",
	    m->conf->file != NULL ? m->conf->file : "none", m->conf->state_dir);
	master_log_notes(m);
	for (unsigned i = 0; i < m->listeners.n; i++)
		log_info(0, "listen", "address=%s", m->listeners.at[i].text);
	log_info(0, "server.ready", "version=%s fingerprint=%s", PACKAGE_VERSION, m->fingerprint);
	note_served(m);
	if (!needs_administrator(m))
		tell_ready(m);
	else if (m->args->terminal)
		ask_first_invite(m);
	else
		tell_how_to_invite(m);
}

/* A start that waits, for a database or a change of its schema, goes on in the background. From
 * now on a database that refuses kithd is waited for, too, as it is after the start. */
static void
tell_waiting(struct master *m, uint64_t now)
{
	enum role r = first_unready(m);

	if (m->told_ready || now - m->started_ms < START_PATIENCE_MS)
		return;
	dprintf(STDERR_FILENO, "kithd: runs, and waits for its %s: it serves as soon as it can; "
	    "see the log and kithctl status\n",
	    r == ROLE_WRITER || r == ROLE_READER ? "database" : proc_role_name(r));
	tell_ready(m);
}

/* Starts the next role once the ones before it are ready, or wait for their database: then the
 * others tell clients and monitors so. */
static void
start_on(struct master *m)
{
	while (m->reached + 1 < ROLE_COUNT && children_answer(m, m->reached)) {
		if (m->reached == ROLE_LOG)
			log_ring_attach(&m->self);
		m->reached++;
		children_want(m, m->reached);
	}
	if (first_unready(m) == ROLE_COUNT)
		begin_service(m);
}

/* Ends the next role once the ones above it are gone. */
static void
stop_on(struct master *m, uint64_t now)
{
	while (children_gone(m, m->reached)) {
		if (m->reached == ROLE_LOG) {
			m->phase = MASTER_DONE;
			return;
		}
		m->reached--;
		if (m->reached == ROLE_LOG) {
			log_info(0, "server.stop", "status=%d", m->status);
			log_ring_detach();
		}
		children_term(m, m->reached, now);
	}
}

static void
begin_stop(struct master *m)
{
	if (m->phase == MASTER_STOPPING || m->phase == MASTER_DONE)
		return;
	log_info(0, "server.stopping", "drain_ms=%u", m->conf->drain_ms);
	m->phase = MASTER_STOPPING;
	m->reached = ROLE_COUNT - 1;
	for (unsigned i = 0; i < m->shared.nslots; i++)
		m->children[i].due_ms = 0;
	children_term(m, m->reached, clock_now_ms());
}

/* -- events --------------------------------------------------------------- */

static void
on_sighup(struct master *m)
{
	char err[512];

	if (m->phase == MASTER_SERVING && master_reload(m, err, sizeof(err)) < 0)
		log_error(0, "reload.refused", "reason=\"%s\" effect=\"nothing changed\"", err);
}

static void
read_signals(struct master *m)
{
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			if (children_reap(m)) {
				m->status = PROC_EX_CONFIG;
				begin_stop(m);
			}
			break;
		case SIGINT:
			if (m->phase == MASTER_STOPPING)	/* a second ^C: do not wait */
				children_signal(m, SIGKILL);
			begin_stop(m);
			break;
		case SIGTERM:
		case SIGQUIT:
			begin_stop(m);
			break;
		case SIGHUP:
			on_sighup(m);
			break;
		case SIGUSR1:
			children_signal(m, SIGUSR1);
			break;
		}
	}
}

static void
read_inbox(struct master *m)
{
	uint8_t record[RING_RECORD_MAX];
	struct ring *ring = &m->shared.rings[m->self.slot];
	struct ipc_head h;
	const uint8_t *body;
	uint32_t len, body_len;

	for (unsigned n = 0; n < RECORDS_PER_TURN; n++) {
		if (ring_read(ring, record, sizeof(record), &len) < 0)
			break;
		/* The table lets only ADMIN_ANSWER through to us. */
		if (ipc_check(&m->self, record, len, &h, &body, &body_len) == 0)
			ask_answered(m, &h, body, body_len);
		explicit_bzero(record, len);	/* it may have held an invite */
	}
	ring_release(ring);
}

static int
poll_timeout(const struct master *m, uint64_t now)
{
	uint64_t due = children_next_due(m);

	if (due <= now)
		return 0;
	return due - now < WAKE_SLEEP_MAX_MS ? (int)(due - now) : WAKE_SLEEP_MAX_MS;
}

static void
master_wait(struct master *m)
{
	struct wake *wake = &m->shared.wakes[m->self.slot];
	struct pollfd fds[POLL_COUNT] = {
		[POLL_SIGNAL] = { .fd = m->signal_fd, .events = POLLIN },
		[POLL_WAKE] = { .fd = wake->fd, .events = POLLIN },
	};
	nfds_t n = POLL_CONTROL + control_poll(&m->control, fds + POLL_CONTROL);

	wake_sleep(wake);
	if (ring_empty(&m->shared.rings[m->self.slot]))
		poll(fds, n, poll_timeout(m, clock_now_ms()));
	wake_awake(wake);
	if (fds[POLL_SIGNAL].revents != 0)
		read_signals(m);
	control_events(m, fds + POLL_CONTROL);
}

static void
master_turn(struct master *m)
{
	uint64_t now = clock_now_ms();

	read_inbox(m);
	ask_expire(m, now);
	children_watch(m, now);
	children_count_repairs(m);
	children_start_due(m, now);
	if (now >= m->rotate_ms) {
		if (tickets_rotate(&m->birth.tickets) < 0)
			log_warn(0, "tickets.rotate", "effect=\"the old keys stay\"");
		m->rotate_ms = now + TICKETS_ROTATE_MS;
	}
	master_watch_certificate(m, now);
	master_watch_files(m, now);
	if (m->phase == MASTER_SERVING && m->invite_ms != 0 && now >= m->invite_ms)
		ask_first_invite(m);
	if (m->phase == MASTER_STARTING) {
		start_on(m);
		tell_waiting(m, now);
	}
	if (m->phase == MASTER_STOPPING)
		stop_on(m, now);
}

int
master_run(const struct master_args *args)
{
	static const struct master_ops ops = { .has_started = has_started, .stop = begin_stop };
	static struct master m;		/* large, and one to a process */
	char err[1024] = "";

	m = (struct master){
		.ops = &ops,
		.args = args,
		.conf = args->conf,
		.signal_fd = -1,
		.lock = { -1, -1 },
		.database_fd = -1,
		.life_fds = { -1, -1 },
		.watchdog_ms = args->watchdog_ms ? args->watchdog_ms : WATCHDOG_MS,
	};
	if ((m.status = master_setup(&m, err, sizeof(err))) != 0) {
		log_complain(err);
		master_teardown(&m);
		return m.status;
	}
	m.phase = MASTER_STARTING;
	m.reached = ROLE_LOG;
	children_want(&m, m.reached);
	for (master_turn(&m); m.phase != MASTER_DONE; master_turn(&m))
		master_wait(&m);
	master_teardown(&m);
	return m.status;
}
