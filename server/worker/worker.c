/*
 * worker.c - the role that speaks to clients: start, inbox, turn, drain.
 *
 * It parses the network, so it has no secrets but the TLS key, no database, and opens
 * no files (DESIGN 1.6).
 */
#include "server/worker/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "protocol/base/clock.h"
#include "protocol/limits.h"
#include "server/conf/conf.h"
#include "server/handout/handout.h"
#include "server/handout/page.h"
#include "server/handout/pem.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"
#include "server/tls/tls.h"
#include "server/worker/door.h"
#include "shm/ring.h"

#define FDS_RESERVED	64u	/* of the limit, beside sockets that listen, and eventfds */

/* -- the inbox ------------------------------------------------------------ */

typedef void record_fn(struct worker *w, const struct ipc_head *h, const uint8_t *body,
    uint32_t len);

static record_fn *const record_fns[IPC_TYPE_COUNT] = {
	[IPC_REPLY] = session_on_reply,
	[IPC_LOGIN] = session_on_login,
	[IPC_LOADED] = session_on_loaded,
	[IPC_EVENT] = deliver_event,
	[IPC_CURSOR] = deliver_cursor,
	[IPC_MEMBER] = session_on_member,
	[IPC_REVOKED] = session_on_revoked,
	[IPC_TYPING] = deliver_typing,
};

void
worker_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct worker *w = p->state;

	w->now = w->clock();
	if (record_fns[h->type] != NULL)
		record_fns[h->type](w, h, body, len);
}

/* -- turns ---------------------------------------------------------------- */

/* Connections without open requests close at once, the others when they are answered, and all
 * of them after half of the time. After three quarters the worker stops. */
static void
drain_some(struct worker *w)
{
	uint64_t passed = w->now - w->drain_began, all = w->p->conf->drain_ms;
	struct conn *c;
	uint32_t i;

	for (i = 0; i < w->places; i++) {
		c = w->conns[i];
		if (c != NULL && (c->session.in_flight == 0 || 2 * passed > all))
			session_close(c, KITH_E_SHUTTING_DOWN);
	}
	if (w->nconns == 0 || 4 * passed > 3 * all)
		proc_stop(w->p);
}

void
worker_turn(struct proc *p)
{
	struct worker *w = p->state;
	uint64_t dropped = ring_dropped(&p->shared->rings[p->slot]);

	w->now = w->clock();
	if (dropped != w->dropped) {
		w->dropped = dropped;
		log_warn(0, "worker.inbox", "dropped=%llu effect=resync",
		    (unsigned long long)dropped);
		session_distrust_all(w);
	}
	session_tick(w);
	conn_tick(w);
	if (w->draining)
		drain_some(w);
	else
		accept_tend(w);
	conn_flush_all(w);
}

void
worker_drain(struct proc *p)
{
	struct worker *w = p->state;
	uint32_t i;

	if (w->draining)
		return;
	w->draining = true;
	w->drain_began = w->clock();
	accept_stop(w);
	for (i = 0; i < w->places; i++)
		if (w->conns[i] != NULL)
			conn_pause(w->conns[i], CONN_PAUSE_DRAIN);
	proc_again(p);
}

/* -- start ---------------------------------------------------------------- */

/* A context from what the master hands out now. NULL: logged. */
static struct tls_ctx *
make_tls(struct proc *p)
{
	static struct pem pem;
	struct tls_ctx *ctx = NULL;
	char err[256] = "not handed out";

	if (proc_pem(p, &pem) == 0)
		ctx = tls_ctx_create(pem.certificate, pem.key, err, sizeof(err));
	explicit_bzero(&pem, sizeof(pem));
	if (ctx == NULL)
		log_error(0, "tls.context", "reason=\"%s\"", err);
	else
		tls_ctx_use_tickets(ctx, p->listening->tickets);
	return ctx;
}

/* The page's files of now, if there are any. */
static void
take_page(struct worker *w)
{
	const struct handout *handout = w->p->listening->page;
	struct page *page = handout != NULL ? calloc(1, sizeof(*page)) : NULL;
	uint32_t len;

	if (page == NULL)
		return;
	if (handout_read(handout, page, sizeof(*page), &len) < 0 || len != sizeof(*page)) {
		free(page);
		return;
	}
	free(w->page);
	w->page = page;
}

/* Which key comes next may have changed: those who are connected learn it now. */
static void
beat_all(struct worker *w)
{
	for (uint32_t i = 0; i < w->places; i++)
		if (w->conns[i] != NULL)
			session_beat(w->conns[i]);
}

static void
take_reload(struct proc *p)
{
	struct worker *w = p->state;
	struct tls_ctx *ctx = make_tls(p);

	take_page(w);
	beat_all(w);
	if (door_set_up_all(w) < 0)
		log_error(0, "worker.reload", "reason=\"no memory\"");
	if (ctx == NULL)
		return;			/* the old one goes on */
	tls_ctx_destroy(w->tls);
	w->tls = ctx;
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	/* The turn that follows tries the stalled requests again. */
	(void)fd;
	(void)what;
	(void)arg;
}

/* As many as there are descriptors for. */
static uint32_t
count_places(const struct proc *p)
{
	uint32_t reserved = FDS_RESERVED + p->shared->nslots;
	struct rlimit fds;

	for (unsigned i = 0; i < REGISTRY_WORKERS_MAX; i++)
		for (unsigned j = 0; j < PROC_LISTEN_MAX; j++)
			reserved += p->listening->fds[i][j] >= 0;
	if (getrlimit(RLIMIT_NOFILE, &fds) < 0 || fds.rlim_cur <= reserved + FDS_RESERVED)
		return FDS_RESERVED;
	return fds.rlim_cur > 1u << 20 ? 1u << 20 : (uint32_t)fds.rlim_cur - reserved;
}

static const struct conn_ops conn_ops = {
	.agreed = door_agreed,
	.refuse_plain = door_refuse_plain,
	.input = door_input,
	.silent = session_silent,
	.beat = session_beat,
	.caught_up = session_say_resync,
	.ended = session_end,
	.freed = door_freed,
};

int
worker_set_up(struct worker *w)
{
	uint32_t i;

	w->conn_ops = &conn_ops;
	TAILQ_INIT(&w->logging_in);
	TAILQ_INIT(&w->heard);
	TAILQ_INIT(&w->leaving);
	TAILQ_INIT(&w->spoken);
	TAILQ_INIT(&w->requests);
	STAILQ_INIT(&w->dirty);
	STAILQ_INIT(&w->dead);
	STAILQ_INIT(&w->stalled);
	TAILQ_INIT(&w->to_load);
	TAILQ_INIT(&w->loads);
	w->now = w->clock();
	w->dropped = ring_dropped(&w->p->shared->rings[w->p->slot]);
	w->places = w->nfree = count_places(w->p);
	w->conns = calloc(w->places, sizeof(struct conn *));
	w->free_places = calloc(w->places, sizeof(*w->free_places));
	if (w->conns == NULL || w->free_places == NULL ||
	    unpackmem_init(&w->mem, UNPACK_BYTES_MAX) < 0 ||
	    unpackmem_init(&w->reply_mem, UNPACK_BYTES_MAX) < 0 ||
	    wrapped_init(&w->wrapped, &w->reply_mem) < 0 || door_set_up_all(w) < 0)
		return -ENOMEM;
	take_page(w);
	for (i = 0; i < w->places; i++)	/* low places first */
		w->free_places[i] = w->places - 1 - i;
	event_assign(&w->retry, w->p->base, -1, 0, on_retry, w);
	return accept_start(w);
}

void
worker_tear_down(struct worker *w)
{
	uint32_t i;

	for (i = 0; i < w->places; i++)
		if (w->conns[i] != NULL)
			conn_kill(w->conns[i]);
	conn_flush_all(w);
	session_drop_stalled(w);
	accept_stop(w);
	event_del(&w->retry);
	index_fini(&w->users);
	index_fini(&w->groups);
	index_fini(&w->addresses);
	unpackmem_fini(&w->mem);
	wrapped_fini(&w->wrapped);
	unpackmem_fini(&w->reply_mem);
	door_tear_down_all(w);
	free(w->page);
	free(w->conns);
	free(w->free_places);
}

int
worker_run(struct proc *p, const struct door_ops *const *doors)
{
	static const struct proc_ops ops = {
		.record = worker_record, .turn = worker_turn, .reload = take_reload,
		.drain = worker_drain,
	};
	static struct worker worker;

	worker.p = p;
	worker.clock = clock_now_ms;
	worker.doors = doors;
	p->state = &worker;
	/* What is in the inbox was meant for a generation that is gone. */
	ring_drop_all(&p->shared->rings[p->slot]);
	if ((worker.tls = make_tls(p)) == NULL || worker_set_up(&worker) < 0)
		return 1;
	proc_run(p, &ops);
	worker_tear_down(&worker);
	tls_ctx_destroy(worker.tls);
	return 0;
}
