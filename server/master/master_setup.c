/*
 * master_setup.c - everything that the master makes before the first fork.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/handout/page.h"
#include "server/handout/pem.h"
#include "server/handout/tickets.h"
#include "server/lib/log.h"
#include "server/master/check.h"
#include "server/master/master_int.h"
#include "server/proc/proc_signal.h"
#include "shm/arena.h"

#define ARENA_SLACK	65536u		/* of its own header, and of alignment */
#define SMALL_INBOX	(256u * 1024u)	/* minimum: holds two records */

/* -- the layout ----------------------------------------------------------- */

static unsigned
cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : (unsigned)n > REGISTRY_WORKERS_MAX ? REGISTRY_WORKERS_MAX : (unsigned)n;
}

static unsigned
count_of(const struct proc_role *role, const struct conf *c)
{
	unsigned n;

	if (role->count == PROC_ONE)
		return 1;
	memcpy(&n, (const char *)c + role->count, sizeof(n));
	return n != 0 ? n : cores();
}

/* Gives each role its slots, in the order of the roles. */
static void
lay_out(struct shared *s, const struct proc_role *roles, const struct conf *c)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		s->first[r] = s->nslots;
		s->count[r] = count_of(&roles[r], c);
		s->nslots += s->count[r];
	}
}

static uint32_t
inbox_bytes(const struct proc_role *role, const struct conf *c)
{
	uint32_t size = c->inbox_bytes / role->share;

	return size < SMALL_INBOX ? SMALL_INBOX : size;
}

static size_t
arena_bytes(const struct shared *s, const struct proc_role *roles, const struct conf *c)
{
	size_t size = ARENA_SLACK;

	size += s->nslots * (sizeof(struct proc_slot) + sizeof(struct stats_slot) +
	    sizeof(struct wake_shared) + 64);
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		size += s->count[r] * (ring_space(inbox_bytes(&roles[r], c)) + 64);
	size += registry_space_sessions(c->sessions_max) + 64;
	size += registry_space_groups(c->groups_max) + 64;
	return size;
}

/* -- shared memory -------------------------------------------------------- */

static int
make_inboxes(struct shared *s, const struct proc_role *roles, const struct conf *c)
{
	struct wake_shared *wakes = arena_take(s->arena, "wakes",
	    s->nslots * sizeof(struct wake_shared));
	char name[ARENA_NAME_MAX];
	uint32_t size;
	void *mem;
	int rc = wakes == NULL ? -errno : 0;

	for (unsigned i = 0; i < s->nslots && rc == 0; i++) {
		size = inbox_bytes(&roles[proc_slot_role(s, i)], c);
		snprintf(name, sizeof(name), "inbox.%u", i);
		if ((mem = arena_take(s->arena, name, ring_space(size))) == NULL)
			rc = -errno;
		else if ((rc = ring_init(&s->rings[i], mem, size)) == 0)
			rc = wake_init(&s->wakes[i], &wakes[i]);
	}
	return rc;
}

static int
make_registry(struct shared *s, const struct conf *c)
{
	void *sessions = arena_take(s->arena, "sessions", registry_space_sessions(c->sessions_max));
	void *groups = arena_take(s->arena, "groups", registry_space_groups(c->groups_max));

	if (sessions == NULL || groups == NULL)
		return -errno;
	return registry_init(&s->registry, sessions, c->sessions_max, groups, c->groups_max);
}

static int
make_shared(struct shared *s, const struct proc_role *roles, const struct conf *c)
{
	int rc;

	lay_out(s, roles, c);
	if ((s->arena = arena_create(arena_bytes(s, roles, c))) == NULL)
		return -errno;
	s->slots = arena_take(s->arena, "slots", s->nslots * sizeof(*s->slots));
	s->stats = arena_take(s->arena, "stats", s->nslots * sizeof(*s->stats));
	if (s->slots == NULL || s->stats == NULL)
		return -errno;
	if ((rc = make_inboxes(s, roles, c)) < 0 || (rc = make_registry(s, c)) < 0)
		return rc;
	for (unsigned i = 0; i < s->nslots; i++) {
		s->slots[i].role = proc_slot_role(s, i);
		s->slots[i].index = i - s->first[s->slots[i].role];
	}
	arena_seal(s->arena);
	return 0;
}

/* -- the master itself ---------------------------------------------------- */

static void
make_self(struct master *m)
{
	struct proc_slot *slot = &m->shared.slots[0];

	m->self = (struct proc){
		.role = ROLE_MASTER,
		.generation = 1,
		.conf = m->conf,
		.shared = &m->shared,
		.stats = &m->shared.stats[0],
		.life_fd = -1,
	};
	atomic_store(&slot->pid, (uint32_t)getpid());
	atomic_store(&slot->generation, 1);
	atomic_store(&slot->ready, 1);
	ring_attach(&m->shared.rings[0]);
	m->birth.roles = m->args->roles;
	m->birth.conf = m->conf;
	m->birth.shared = &m->shared;
	m->birth.listeners = &m->listeners;
	m->birth.life_fd = m->life_fds[0];
	m->birth.drops = m->owner.drops;
	m->birth.uid = m->owner.uid;
	m->birth.gid = m->owner.gid;
}

static int
take_signals(struct master *m)
{
	sigset_t set;

	proc_signal_master(&set);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -errno;
	m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return m->signal_fd < 0 ? -errno : 0;
}

/* If we may: let the out-of-memory killer take a role, which comes back, not us. */
static void
spare_from_memory_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "-900", 4) < 0)
		log_debug(0, "oom.score", "error=\"%s\"", strerror(errno));
	close(fd);
}

static int
make_handouts(struct master *m)
{
	int rc = handout_create(&m->birth.options, "kith-options", PROC_OPTIONS_MAX);

	if (rc == 0)
		rc = handout_create(&m->birth.pem, "kith-pem", sizeof(struct pem));
	if (rc == 0)
		rc = tickets_create(&m->birth.tickets);
	if (rc == 0)
		rc = handout_create(&m->birth.page, "kith-page", sizeof(struct page));
	if (rc == 0)
		rc = master_hand_out_options(m);
	return rc;
}

/* All that needs nothing outside this process. 0 or -errno. */
static int
setup_process(struct master *m)
{
	int rc;

	m->started_ms = m->tick_ms = clock_now_ms();
	m->rotate_ms = m->started_ms + TICKETS_ROTATE_MS;
	if (pipe2(m->life_fds, O_CLOEXEC) < 0)
		return -errno;
	if ((rc = make_shared(&m->shared, m->args->roles, m->conf)) < 0 ||
	    (rc = make_handouts(m)) < 0)
		return rc;
	make_self(m);
	birth_protect();
	spare_from_memory_killer();
	return take_signals(m);
}

int
master_setup(struct master *m, char *err, size_t errlen)
{
	const struct conf *c = m->conf;
	int rc = 0;

	m->control.fd = -1;
	m->birth.options = m->birth.pem = m->birth.tickets = m->birth.page =
	    (struct handout)HANDOUT_NONE;
	umask(022);
	log_init(c->log_level);
	if (state_owner(c, &m->owner, err, errlen) < 0 ||
	    (rc = check_all(c, &m->owner, &m->notes, err, errlen)) != 0 ||
	    (rc = check_kith_db(c, &m->owner, err, errlen)) != 0)
		return rc != 0 ? rc : PROC_EX_CONFIG;
	if (state_make(c, &m->owner, err, errlen) < 0 ||
	    state_lock(&m->lock, c, err, errlen) < 0 ||
	    state_make_certificate(c, err, errlen) < 0)
		return 1;
	if ((rc = setup_process(m)) < 0) {
		snprintf(err, errlen, "cannot start: %s", strerror(-rc));
		return 1;
	}
	if (master_load_certificate(m, c, err, errlen) < 0 ||
	    listen_open(&m->listeners, c, m->shared.count[ROLE_WORKER], err, errlen) < 0 ||
	    control_open(&m->control, c, &m->owner, control_command, err, errlen) < 0)
		return 1;
	master_load_page(m);
	return 0;
}

void
master_teardown(struct master *m)
{
	control_close(&m->control, m->conf);
	listen_close(&m->listeners);
	handout_close(&m->birth.options);
	handout_close(&m->birth.pem);
	handout_close(&m->birth.tickets);
	handout_close(&m->birth.page);
	for (unsigned i = 0; i < m->shared.nslots; i++)
		if (m->shared.wakes[i].shared != NULL)
			wake_fini(&m->shared.wakes[i]);
	if (m->shared.arena != NULL)
		arena_destroy(m->shared.arena);
	for (int i = 0; i < 2; i++)
		if (m->life_fds[i] >= 0)
			close(m->life_fds[i]);
	if (m->signal_fd >= 0)
		close(m->signal_fd);
	if (m->database_fd >= 0)
		close(m->database_fd);
	state_unlock(&m->lock, m->conf);
}
