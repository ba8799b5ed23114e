/*
 * web_status.c - /healthz and /metrics, for those who watch the server.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/web/call.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"

/* Text that grows to a fixed end: what does not fit is left out. */
struct text {
	size_t	len;
	char	bytes[32768];
};

static void put(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct text *t, const char *format, ...)
{
	size_t room = sizeof(t->bytes) - t->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->bytes + t->len, room, format, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < room)
		t->len += (size_t)n;
}

void
web_healthz(struct conn *c, const struct http_request *r)
{
	const struct shared *sh = c->w->p->shared;
	static struct text text;

	(void)r;
	text.len = 0;
	for (unsigned i = 0; i < sh->nslots; i++)
		if (sh->slots[i].role != ROLE_MASTER && !sh->slots[i].ready)
			put(&text, "not ready: %s %u\n", proc_role_name(proc_slot_role(sh, i)),
			    sh->slots[i].index);
	if (text.len == 0)
		web_respond(c, 200, WEB_TYPE_TEXT, "ok\n", 3, NULL);
	else
		web_respond(c, 503, WEB_TYPE_TEXT, text.bytes, text.len, NULL);
}

/* What counts open things falls again: their names end so. */
static bool
is_gauge(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, "_open") == 0;
}

static void
put_processes(struct text *t, const struct shared *sh)
{
	put(t, "# HELP kith_process_ready whether the process serves\n"
	    "# TYPE kith_process_ready gauge\n");
	for (unsigned i = 0; i < sh->nslots; i++)
		put(t, "kith_process_ready{role=\"%s\",index=\"%u\"} %u\n",
		    proc_role_name(proc_slot_role(sh, i)), sh->slots[i].index,
		    sh->slots[i].role == ROLE_MASTER || sh->slots[i].ready);
	put(t, "# HELP kith_process_restarts_total restarts after a death\n"
	    "# TYPE kith_process_restarts_total counter\n");
	for (unsigned i = 0; i < sh->nslots; i++)
		put(t, "kith_process_restarts_total{role=\"%s\",index=\"%u\"} %u\n",
		    proc_role_name(proc_slot_role(sh, i)), sh->slots[i].index,
		    sh->slots[i].restarts);
}

/* The text format of Prometheus, version 0.0.4. */
static void
respond_metrics(struct conn *c)
{
	static struct text text;
	const struct shared *sh = c->w->p->shared;

	text.len = 0;
	for (unsigned i = 0; i < STAT_COUNT; i++) {
		const char *kind = is_gauge(stats_name[i]) ? "gauge" : "counter";
		const char *end = is_gauge(stats_name[i]) ? "" : "_total";

		put(&text, "# HELP kith_%s%s %s\n# TYPE kith_%s%s %s\nkith_%s%s %llu\n",
		    stats_name[i], end, stats_help[i], stats_name[i], end, kind, stats_name[i], end,
		    (unsigned long long)stats_sum(sh->stats, sh->nslots, (enum stat_id)i));
	}
	put_processes(&text, sh);
	web_respond(c, 200, "text/plain; version=0.0.4; charset=utf-8", text.bytes, text.len, NULL);
}

static void
on_logged_in(struct conn *c, struct call *call)
{
	(void)call;
	if (c->session.admin)
		respond_metrics(c);
	else
		web_error(c, KITH_E_NOT_PERMITTED, "only for administrators", 0);
}

/* From this machine, or with an administrator's token. */
void
web_metrics(struct conn *c, const struct http_request *r)
{
	static const struct call_ops ops = {
		.done = on_logged_in, .failed = web_error,
	};
	struct call_spec spec = { .ops = &ops };
	struct call *call;
	char token[TOKEN_CHARS + 1];
	bool from_cookie;

	spec.token = token;
	if (web_token(c, r, token, &from_cookie)) {
		if ((call = web_call(c, &spec)) == NULL)
			web_error(c, KITH_E_BUSY, NULL, 0);
		else
			call_go(call);
		explicit_bzero(token, sizeof(token));
	} else if (c->loopback && !web_of(c)->asker.proxied) {
		respond_metrics(c);
	} else
		web_error(c, KITH_E_TOKEN_INVALID, "from this machine, or with an administrator's token",
		    0);
}
