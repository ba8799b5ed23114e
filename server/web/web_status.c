/*
 * web_status.c - /healthz and /metrics, for monitoring.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/proc/proc_health.h"
#include "server/rules/may.h"
#include "server/web/call.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"

/* A text in the worker's buffer. A line that does not fit is left out. */
struct status_text {
	char	*bytes;
	size_t	 size, len;
};

static struct status_text
status_begin(struct worker *w)
{
	return (struct status_text){ w->json, sizeof(w->json), 0 };
}

static void status_put(struct status_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
status_put(struct status_text *t, const char *format, ...)
{
	size_t room = t->size - t->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->bytes + t->len, room, format, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < room)
		t->len += (size_t)n;
}

static void
put_line(void *text, const char *line)
{
	status_put(text, "%s\n", line);
}

void
web_healthz(struct conn *c, const struct http_request *r)
{
	struct status_text text = status_begin(c->w);

	(void)r;
	if (proc_health_all(c->w->p->shared, put_line, &text))
		web_respond(c, 200, WEB_TYPE_TEXT, "ok\n", 3, NULL);
	else
		web_respond(c, 503, WEB_TYPE_TEXT, text.bytes, text.len, NULL);
}

/* What falls again is a gauge: open things, faults, times. */
static bool
is_gauge(const char *name)
{
	static const char *const ends[] = { "_open", "_failing", "_seconds" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static void
put_gauge(struct status_text *t, const char *name, const char *help, uint64_t value)
{
	status_put(t, "# HELP kith_%s %s\n# TYPE kith_%s gauge\nkith_%s %llu\n", name, help, name,
	    name, (unsigned long long)value);
}

static void
put_health(struct status_text *t, const struct shared *sh)
{
	uint64_t disk_free = atomic_load(&sh->slots[sh->first[ROLE_WRITER]].disk_free);

	put_gauge(t, "serves", "whether a message could be stored and a login be checked, as "
	    "/healthz says", proc_health_all(sh, NULL, NULL));
	put_gauge(t, "database_up", "whether all that need the database reach it",
	    proc_health_reaches(sh, ROLE_WRITER) && proc_health_reaches(sh, ROLE_READER));
	put_gauge(t, "database_writable", "whether the database stores",
	    proc_health_works(sh, ROLE_WRITER));
	if (disk_free != 0)
		put_gauge(t, "disk_free_bytes", "free on the disk of the embedded database",
		    disk_free);
}

static void
put_processes(struct status_text *t, const struct shared *sh)
{
	status_put(t, "# HELP kith_process_ready whether the process serves\n"
	    "# TYPE kith_process_ready gauge\n");
	for (unsigned i = 0; i < sh->nslots; i++)
		status_put(t, "kith_process_ready{role=\"%s\",index=\"%u\"} %u\n",
		    proc_role_name(proc_slot_role(sh, i)), sh->slots[i].index,
		    sh->slots[i].role == ROLE_MASTER || sh->slots[i].ready);
	status_put(t, "# HELP kith_process_restarts_total restarts after a death\n"
	    "# TYPE kith_process_restarts_total counter\n");
	for (unsigned i = 0; i < sh->nslots; i++)
		status_put(t, "kith_process_restarts_total{role=\"%s\",index=\"%u\"} %u\n",
		    proc_role_name(proc_slot_role(sh, i)), sh->slots[i].index,
		    sh->slots[i].restarts);
}

/* The text format of Prometheus, version 0.0.4. */
static void
respond_metrics(struct conn *c)
{
	struct status_text text = status_begin(c->w);
	const struct shared *sh = c->w->p->shared;

	for (unsigned i = 0; i < STAT_COUNT; i++) {
		const char *kind = is_gauge(stats_name[i]) ? "gauge" : "counter";
		const char *end = is_gauge(stats_name[i]) ? "" : "_total";

		status_put(&text, "# HELP kith_%s%s %s\n# TYPE kith_%s%s %s\nkith_%s%s %llu\n",
		    stats_name[i], end, stats_help[i], stats_name[i], end, kind, stats_name[i], end,
		    (unsigned long long)stats_sum(sh->stats, sh->nslots, (enum stat_id)i));
	}
	put_health(&text, sh);
	put_processes(&text, sh);
	web_respond(c, 200, "text/plain; version=0.0.4; charset=utf-8", text.bytes, text.len, NULL);
}

static void
answer_metrics(struct conn *c, const struct may_user *user)
{
	enum kith_err err = may(user, MAY_READ_METRICS);

	if (err == KITH_E_OK)
		respond_metrics(c);
	else
		web_error(c, err, "only from this machine, or with an administrator's token", 0);
}

static void
metrics_logged_in(struct conn *c, struct call *call)
{
	struct may_user user = { .logged_in = true, .admin = c->session.admin };

	(void)call;
	answer_metrics(c, &user);
}

void
web_metrics(struct conn *c, const struct http_request *r)
{
	static const struct call_ops ops = {
		.done = metrics_logged_in, .failed = web_error,
	};
	struct may_user user = { .local = c->loopback && !web_of(c)->asker.proxied };
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
	} else
		answer_metrics(c, &user);
}
