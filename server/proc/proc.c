/*
 * proc.c - the loop of every role.
 */
#include "server/proc/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/handout/handout.h"
#include "server/handout/pem.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"

#define BUDGET_DEFAULT	256u

/* Events that live as long as the loop. */
enum { EV_WAKE, EV_TICK, EV_LIFE, EV_TERM, EV_HUP, EV_COUNT };

struct loop {
	struct event	*events[EV_COUNT];
	uint8_t		*buf;		/* records of this turn */
	size_t		 cap;
};

/* -- for code of any role ------------------------------------------------- */

void
proc_stop(struct proc *p)
{
	p->stopping = true;
}

void
proc_again(struct proc *p)
{
	p->again = true;
}

int
proc_pem(struct proc *p, struct pem *out)
{
	uint32_t len;
	int rc;

	if (p->listening == NULL)
		return -EBADF;
	if ((rc = handout_read(p->listening->pem, out, sizeof(*out), &len)) < 0)
		return rc;
	if (len != sizeof(*out))
		return -EBADMSG;
	out->certificate[sizeof(out->certificate) - 1] = '\0';
	out->key[sizeof(out->key) - 1] = '\0';
	return 0;
}

/* -- the inbox ------------------------------------------------------------ */

/* Reads one record into the buffer at *used. 0, or a negative errno: the drain is over
 * for this turn. */
static int
take_record(struct proc *p, size_t *used)
{
	struct loop *l = p->loop;
	struct ring *ring = &p->shared->rings[p->slot];
	struct ipc_head h;
	const uint8_t *body;
	uint32_t len, body_len;
	size_t room = l->cap - *used;
	int rc;

	rc = ring_read(ring, l->buf + *used, (uint32_t)room, &len);
	if (rc == -EMSGSIZE)		/* the next turn has room for it */
		proc_again(p);
	if (rc == -EBADMSG)
		log_error(0, "ipc.corrupt", "inbox=%u effect=emptied", p->slot);
	if (rc < 0)
		return rc;
	if (ipc_check(p, l->buf + *used, len, &h, &body, &body_len) == 0)
		p->ops->record(p, &h, body, body_len);
	if (p->ops->budget_bytes > 0)
		*used += (len + 7u) & ~7u;
	else
		explicit_bzero(l->buf, len);	/* it may have held a password */
	return 0;
}

static void
drain_inbox(struct proc *p)
{
	unsigned budget = p->ops->budget ? p->ops->budget : BUDGET_DEFAULT, n;
	size_t used = 0;

	for (n = 0; n < budget && !p->stopping; n++) {
		if (take_record(p, &used) < 0)
			break;
		if (p->owed != 0)
			ipc_wake_due(p, clock_now_ms());
	}
	ipc_wake_owed(p);
	if (n == budget)
		proc_again(p);
}

/* -- events --------------------------------------------------------------- */

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	/* The turn that follows drains the ring; wake_awake() drains the descriptor. */
	(void)fd;
	(void)what;
	(void)arg;
}

/* The master is gone: nobody will restart us or reap what we hold. */
static void
on_life(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	proc_stop(arg);
}

static void
on_term(evutil_socket_t fd, short what, void *arg)
{
	struct proc *p = arg;

	(void)fd;
	(void)what;
	if (p->ops->drain != NULL)
		p->ops->drain(p);
	else
		proc_stop(p);
}

/* Takes over the options that the master has handed out. */
static int
take_options(struct proc *p, char *err, size_t errlen)
{
	char lines[PROC_OPTIONS_MAX];
	uint32_t len;
	int rc;

	if (p->options == NULL)
		return 0;
	if ((rc = handout_read(p->options, lines, sizeof(lines) - 1, &len)) < 0) {
		strncpy(err, strerror(-rc), errlen - 1);
		err[errlen - 1] = '\0';
		return rc;
	}
	lines[len] = '\0';
	/* The process's own copy; const for all other code. */
	return conf_take((struct conf *)(uintptr_t)p->conf, lines, err, errlen);
}

static void
on_hup(evutil_socket_t fd, short what, void *arg)
{
	struct proc *p = arg;
	char err[256] = "";

	(void)fd;
	(void)what;
	if (take_options(p, err, sizeof(err)) < 0)
		log_error(0, "reload.failed", "reason=\"%s\"", err);
	log_init(p->conf->log_level);
	if (p->ops->reload != NULL)
		p->ops->reload(p);
}

static int
add_events(struct proc *p)
{
	static const struct timeval tick = { 0, WAKE_SLEEP_MAX_MS * 1000 };
	struct event **e = p->loop->events;
	sigset_t hup;

	e[EV_WAKE] = event_new(p->base, p->shared->wakes[p->slot].fd, EV_READ | EV_PERSIST,
	    on_wake, p);
	e[EV_TICK] = event_new(p->base, -1, EV_PERSIST, on_wake, p);
	e[EV_TERM] = evsignal_new(p->base, SIGTERM, on_term, p);
	e[EV_HUP] = evsignal_new(p->base, SIGHUP, on_hup, p);
	if (p->life_fd >= 0)
		e[EV_LIFE] = event_new(p->base, p->life_fd, EV_READ | EV_PERSIST, on_life, p);
	for (int i = 0; i < EV_COUNT; i++) {
		if (i == EV_LIFE && p->life_fd < 0)
			continue;
		if (e[i] == NULL || event_add(e[i], i == EV_TICK ? &tick : NULL) < 0)
			return -ENOMEM;
	}
	/* Blocked since the fork, so that no reload is missed. */
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_UNBLOCK, &hup, NULL);
	return 0;
}

/* -- the loop ------------------------------------------------------------- */

static struct loop *
make_loop(struct proc *p, const struct proc_ops *ops)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->cap = ops->budget_bytes > RING_RECORD_MAX ? ops->budget_bytes : RING_RECORD_MAX;
	if ((l->buf = malloc(l->cap)) == NULL) {
		free(l);
		return NULL;
	}
	p->loop = l;
	return l;
}

static void
free_loop(struct proc *p)
{
	struct loop *l = p->loop;

	for (int i = 0; i < EV_COUNT; i++)
		if (l->events[i] != NULL)
			event_free(l->events[i]);
	explicit_bzero(l->buf, l->cap);
	free(l->buf);
	free(l);
	p->loop = NULL;
	ipc_wake_owed(p);
}

static void
proc_wait(struct proc *p)
{
	struct wake *wake = &p->shared->wakes[p->slot];
	bool again = p->again;

	p->again = false;
	ipc_wake_owed(p);
	wake_sleep(wake);
	if (again || !ring_empty(&p->shared->rings[p->slot]))
		/* NONBLOCK alone loops while a descriptor stays readable, and only
		 * wake_awake() reads the eventfd. */
		event_base_loop(p->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	else
		event_base_loop(p->base, EVLOOP_ONCE);
	ipc_wake_owed(p);
	wake_awake(wake);
}

static void
proc_turn(struct proc *p)
{
	struct proc_slot *slot = &p->shared->slots[p->slot];

	drain_inbox(p);
	if (p->ops->turn != NULL)
		p->ops->turn(p);
	/* If the lock cannot be taken, the next turn releases. */
	if (!p->ops->wipe)
		ring_release(&p->shared->rings[p->slot]);
	else if (ring_release_wiped(&p->shared->rings[p->slot]) < 0)
		proc_again(p);
	atomic_store_explicit(&slot->beat_ms, clock_now_ms(), memory_order_relaxed);
}

static void
mark_ready(struct proc *p)
{
	struct proc_slot *slot = &p->shared->slots[p->slot];

	if (atomic_load_explicit(&slot->ready, memory_order_relaxed) != 0 ||
	    (p->ops->serves != NULL && !p->ops->serves(p)))
		return;
	atomic_store(&slot->was_ready, 1);
	atomic_store(&slot->ready, 1);
	wake_kick(&p->shared->wakes[0]);	/* the master may be waiting for it */
}

int
proc_run(struct proc *p, const struct proc_ops *ops)
{
	p->ops = ops;
	if (make_loop(p, ops) == NULL || add_events(p) < 0)
		fatalx("no memory for the loop");
	ring_attach(&p->shared->rings[p->slot]);
	proc_turn(p);
	mark_ready(p);
	while (!p->stopping) {
		proc_wait(p);
		proc_turn(p);
		mark_ready(p);
	}
	free_loop(p);
	return 0;
}
