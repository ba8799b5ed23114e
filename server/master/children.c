/*
 * children.c - starts, watches and reaps the roles' processes.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/master/master_int.h"
#include "server/proc/ipc.h"
#include "server/proc/proc_health.h"

static unsigned
first_of(const struct master *m, enum role r)
{
	return m->shared.first[r];
}

static unsigned
end_of(const struct master *m, enum role r)
{
	return m->shared.first[r] + m->shared.count[r];
}

static const char *
role_name(const struct master *m, unsigned slot)
{
	return proc_role_name(proc_slot_role(&m->shared, slot));
}

static unsigned
index_of(const struct master *m, unsigned slot)
{
	return slot - first_of(m, proc_slot_role(&m->shared, slot));
}

/* -- start ---------------------------------------------------------------- */

void
children_want(struct master *m, enum role r)
{
	for (unsigned i = first_of(m, r); i < end_of(m, r); i++)
		m->children[i].due_ms = 1;
}

/* Delay before the next try, if this one dies before it is ready. */
static void
raise_backoff(struct child *c)
{
	c->backoff_ms = c->backoff_ms == 0 ? BACKOFF_MIN_MS : c->backoff_ms * 2;
	if (c->backoff_ms > BACKOFF_MAX_MS)
		c->backoff_ms = BACKOFF_MAX_MS;
}

static void
start_child(struct master *m, unsigned slot, uint64_t now)
{
	struct child *c = &m->children[slot];
	struct proc_slot *s = &m->shared.slots[slot];
	pid_t pid;

	if (atomic_load(&s->generation) > 0)
		atomic_fetch_add(&s->restarts, 1);
	pid = birth_start(&m->birth, slot);
	if (pid < 0) {
		log_error(0, "role.fork", "role=%s index=%u error=\"%s\"", role_name(m, slot),
		    index_of(m, slot), strerror(-(int)pid));
		raise_backoff(c);
		c->due_ms = now + c->backoff_ms;
		return;
	}
	c->pid = pid;
	c->born_ms = now;
	c->due_ms = 0;
	log_info(0, "role.start", "role=%s index=%u pid=%d generation=%u", role_name(m, slot),
	    index_of(m, slot), (int)pid, atomic_load(&s->generation));
}

void
children_start_due(struct master *m, uint64_t now)
{
	for (unsigned i = 1; i < m->shared.nslots; i++)
		if (m->children[i].pid == 0 && m->children[i].due_ms != 0 &&
		    m->children[i].due_ms <= now)
			start_child(m, i, now);
}

uint64_t
children_next_due(const struct master *m)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 1; i < m->shared.nslots; i++) {
		const struct child *c = &m->children[i];
		uint64_t at = c->pid == 0 ? c->due_ms : c->kill_ms;

		if (at != 0 && at < next)
			next = at;
	}
	return next;
}

/* -- death ---------------------------------------------------------------- */

/* A dead worker's session left the registry. If it was the user's last, tells the writer
 * when the user was seen. */
static void
session_gone(uint64_t user, const struct registry_session *s, void *arg)
{
	struct master *m = arg;
	struct ipc_head h = {
		.type = IPC_SEEN,
		.user = { user },
		.time_ms = clock_utc_ms(),
	};
	uint32_t mask = 0;

	(void)s;
	if (registry_user_workers(&m->shared.registry, user, &mask) < 0 || mask == 0)
		ipc_send(&m->self, ipc_slot(&m->self, ROLE_WRITER, user), &h, NULL, 0);
}

/* A registry that lost entries is filled again by restarted workers. */
static void
repair_registry(struct master *m)
{
	int lost = registry_heal(&m->shared.registry);

	if (lost < 0)
		log_error(0, "registry.heal", "error=\"%s\"", strerror(-lost));
	if (lost <= 0)
		return;
	log_error(0, "registry.broken", "stripes=%d effect=\"workers restart\"", lost);
	for (unsigned i = first_of(m, ROLE_WORKER); i < end_of(m, ROLE_WORKER); i++)
		if (m->children[i].pid != 0)
			kill(m->children[i].pid, SIGKILL);
}

/* Locks count the deaths of their owners, which any process repairs at any time. A lock
 * that was initialized again has forgotten its count. */
void
children_count_repairs(struct master *m)
{
	const struct registry *r = &m->shared.registry;
	struct stats_slot *stats = m->self.stats;
	uint64_t n = table_deaths(&r->sessions) + table_deaths(&r->groups);

	for (unsigned i = 0; i < m->shared.nslots; i++)
		n += ring_deaths(&m->shared.rings[i]);
	if (n > stats_sum(stats, 1, STAT_locks_repaired))
		stats_set(stats, STAT_locks_repaired, n);
}

static void
sweep_worker(struct master *m, unsigned index)
{
	int rc = registry_sweep(&m->shared.registry, index, session_gone, m);

	if (rc < 0)
		log_error(0, "registry.sweep", "worker=%u error=\"%s\"", index, strerror(-rc));
	repair_registry(m);
}

static void
tell_death(struct master *m, unsigned slot, int status)
{
	const struct child *c = &m->children[slot];
	bool expected = c->kill_ms != 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;

	log_event(expected ? LOG_L_INFO : LOG_L_WARN, 0, "role.exit",
	    "role=%s index=%u pid=%d %s=%d lived_ms=%" PRIu64, role_name(m, slot),
	    index_of(m, slot), (int)c->pid, WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    clock_now_ms() - c->born_ms);
}

static void
plan_restart(struct master *m, unsigned slot, bool was_ready)
{
	struct child *c = &m->children[slot];
	uint64_t now = clock_now_ms();

	if (was_ready) {
		c->backoff_ms = 0;
		c->due_ms = now - c->born_ms < SHORT_LIFE_MS ? now + BACKOFF_MIN_MS : now;
		return;
	}
	raise_backoff(c);
	c->due_ms = now + c->backoff_ms;
}

static void
bury(struct master *m, unsigned slot, int status)
{
	struct proc_slot *s = &m->shared.slots[slot];
	struct child *c = &m->children[slot];
	bool was_ready = atomic_load(&s->ready) != 0;

	tell_death(m, slot, status);
	atomic_store(&s->pid, 0);
	atomic_store(&s->ready, 0);
	c->pid = 0;
	if (proc_slot_role(&m->shared, slot) == ROLE_WORKER)
		sweep_worker(m, index_of(m, slot));
	for (unsigned i = 0; i < m->shared.nslots; i++)
		wake_kick(&m->shared.wakes[i]);

	if (m->phase != MASTER_STOPPING)
		plan_restart(m, slot, was_ready);
}

/* During the start, and for good: another try would end the same way. */
static bool
refuses_configuration(const struct master *m, unsigned slot, int status)
{
	if (m->phase != MASTER_STARTING || m->told_ready || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != PROC_EX_CONFIG)
		return false;
	log_error(0, "start.refused", "role=%s index=%u reason=\"it refuses the "
	    "configuration, see above\"", role_name(m, slot), index_of(m, slot));
	return true;
}

bool
children_reap(struct master *m)
{
	bool refused = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 1; i < m->shared.nslots; i++) {
			if (m->children[i].pid != pid)
				continue;
			bury(m, i, status);
			refused = refuses_configuration(m, i, status) || refused;
		}
	}
	return refused;
}

/* -- watch, stop ---------------------------------------------------------- */

static bool
hangs(const struct master *m, unsigned slot, uint64_t now)
{
	const struct proc_slot *s = &m->shared.slots[slot];
	uint64_t beat = atomic_load(&s->beat_ms), patience = m->watchdog_ms;

	/* Before it is ready it may wait for a database, or change a schema. */
	if (atomic_load(&s->ready) == 0)
		patience *= UNREADY_FACTOR;
	return now > beat && now - beat > patience;
}

void
children_watch(struct master *m, uint64_t now)
{
	/* If we were stopped (SIGSTOP, suspend), so were the others: let them run first. */
	bool slept = now - m->tick_ms > m->watchdog_ms / 2;

	m->tick_ms = now;
	for (unsigned i = 1; i < m->shared.nslots; i++) {
		struct child *c = &m->children[i];

		if (c->pid == 0)
			continue;
		if (c->kill_ms != 0 ? now >= c->kill_ms : !slept && hangs(m, i, now)) {
			log_warn(0, "role.kill", "role=%s index=%u pid=%d reason=\"%s\"",
			    role_name(m, i), index_of(m, i), (int)c->pid,
			    c->kill_ms != 0 ? "not drained in time" : "no beat");
			kill(c->pid, SIGKILL);
			c->kill_ms = c->kill_ms != 0 ? UINT64_MAX : 0;	/* logged once */
			atomic_store(&m->shared.slots[i].beat_ms, now);
		}
	}
}

void
children_term(struct master *m, enum role r, uint64_t now)
{
	for (unsigned i = first_of(m, r); i < end_of(m, r); i++) {
		struct child *c = &m->children[i];

		c->due_ms = 0;
		if (c->pid == 0)
			continue;
		kill(c->pid, SIGTERM);
		c->kill_ms = now + m->conf->drain_ms + 1;
	}
}

void
children_signal(struct master *m, int sig)
{
	for (unsigned i = 1; i < m->shared.nslots; i++)
		if (m->children[i].pid != 0)
			kill(m->children[i].pid, sig);
}

bool
children_ready(const struct master *m, enum role r)
{
	for (unsigned i = first_of(m, r); i < end_of(m, r); i++)
		if (m->children[i].pid == 0 || atomic_load(&m->shared.slots[i].ready) == 0)
			return false;
	return true;
}

bool
children_answer(const struct master *m, enum role r)
{
	for (unsigned i = first_of(m, r); i < end_of(m, r); i++)
		if (m->children[i].pid == 0 || !proc_health_answers(&m->shared, i))
			return false;
	return true;
}

bool
children_gone(const struct master *m, enum role r)
{
	for (unsigned i = first_of(m, r); i < end_of(m, r); i++)
		if (m->children[i].pid != 0)
			return false;
	return true;
}
