/*
 * kith_load.c - the load generator: many users of libkith in one process.
 *
 *   kith-load --url URL --mode idle|direct|group [--users N] [--connections C]
 *             [--seconds S] [--window W] [--senders K] [--bytes B] [--rate R]
 *
 * The server must let the URL's invite be used N times, or be open. Users register,
 * a few at a time, since each costs the server a password hash; further
 * connections (idle) log in with their tokens.
 *   idle    C connections are opened and held for S seconds, to look at the server's memory.
 *   direct  each user sends to the next one, W sends unanswered at a time.
 *   group   K of N users send to one group that all are in.
 * R bounds the messages a second of all senders together; without it they send as
 * fast as the window lets them.
 *
 * Prints one JSON object. Every message carries the moment of its sending: stored_*
 * is from kith_send() to its answer, latency_* to the hook of each receiver. Each
 * sender's client ids rise by one, so each receiver sees what is lost, doubled or out
 * of order. Exit 1 if there is any of that, or a refusal.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <jansson.h>

#include "client-cli/libkith/kith.h"
#include "protocol/limits.h"

#define LOGINS_AT_ONCE	16u
#define USERS_MAX	10000u
#define CONNECTIONS_MAX	20000u
#define SECONDS_MAX	600u
#define RATE_MAX	1000000u
#define SAMPLES_MAX	1000000u
#define SETTLE_MS	20000u		/* for the last deliveries */

enum mode { MODE_IDLE, MODE_DIRECT, MODE_GROUP };

static const char *const mode_names[] = { "idle", "direct", "group" };

struct load;

struct heard {				/* by one connection, of one sender */
	uint64_t	 sender, last_id;
};

struct times {				/* the first SAMPLES_MAX of them */
	uint32_t	*us;
	size_t		 n;
};

/* One connection; the first `users` have accounts of their own. */
struct user {
	struct load	*load;
	struct kith	*kith;
	unsigned	 index;
	char		 name[NAME_BYTES_MAX + 1];
	char		 token[TOKEN_CHARS + 1];
	uint64_t	 next_id;
	unsigned	 in_flight;
	bool		 here;
	uint64_t	 sent_us[IN_FLIGHT_MAX];	/* answers come in the order of the sends */
	unsigned	 oldest, newest;
	struct heard	*heard;			/* as many as there may be senders */
	unsigned	 n_heard, max_heard;
};

struct load {
	struct event_base *base;
	struct event	*timer;
	struct kith_url	 url;
	enum mode	 mode;
	unsigned	 users, connections, seconds, window, senders, bytes, rate;
	struct user	*all;
	unsigned	 started, here, joined;	/* connections begun, logged in; members */
	char		 group[NAME_BYTES_MAX + 1];
	char		*text;
	bool		 sending;
	uint64_t	 begin_us, end_us;
	uint64_t	 sent, acked, refused, delivered, expected;
	uint64_t	 lost, doubled;
	struct times	 stored, latency;
	const char	*failed;		/* what ended the run early */
};

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
fail(struct load *l, const char *why)
{
	if (l->failed == NULL)
		l->failed = why;
	event_base_loopbreak(l->base);
}

/* -- sending -------------------------------------------------------------- */

static void send_more(struct user *u);

static void
sample(struct times *t, uint64_t since_us)
{
	if (t->n < SAMPLES_MAX)
		t->us[t->n++] = (uint32_t)(now_us() - since_us);
}

static void
on_sent(struct kith *k, const struct kith_failure *failure, const Kith__V1__Reply *reply,
    void *arg)
{
	struct user *u = arg;
	struct load *l = u->load;

	(void)k;
	u->in_flight--;
	if (failure != NULL || reply->sent->outcomes[0]->error != NULL)
		l->refused++;
	else {
		l->acked++;
		sample(&l->stored, u->sent_us[u->oldest++ % IN_FLIGHT_MAX]);
		l->expected += l->mode == MODE_GROUP ? l->users : 2;
	}
	send_more(u);
}

/* With a rate: as many as the time so far has room for. */
static bool
may_send(const struct load *l)
{
	return l->rate == 0 || l->sent < (now_us() - l->begin_us) * l->rate / 1000000;
}

static void
send_more(struct user *u)
{
	struct load *l = u->load;
	Kith__V1__Target to = KITH__V1__TARGET__INIT;
	int n;

	if (l->mode == MODE_GROUP) {
		to.to_case = KITH__V1__TARGET__TO_GROUP;
		to.group = l->group;
	} else {
		to.to_case = KITH__V1__TARGET__TO_USER;
		to.user = l->all[(u->index + 1) % l->users].name;
	}
	while (l->sending && u->in_flight < l->window && may_send(l)) {
		n = snprintf(l->text, l->bytes + 1, "%020" PRIu64, now_us());
		l->text[n < (int)l->bytes ? n : (int)l->bytes] = ' ';
		u->in_flight++;
		l->sent++;
		u->sent_us[u->newest++ % IN_FLIGHT_MAX] = now_us();
		if (kith_send(u->kith, u->next_id++, &to, 1, l->text, on_sent, u) != 0) {
			fail(l, "send");
			return;
		}
	}
}

/* A sender sends to one conversation, and its ids rise by one. */
static void
check_order(struct user *u, const Kith__V1__Event *event)
{
	struct heard *h = u->heard, *end = u->heard + u->n_heard;

	while (h < end && h->sender != event->sender)
		h++;
	if (h == end) {
		if (u->n_heard == u->max_heard)
			return;		/* nobody of ours */
		*h = (struct heard){ .sender = event->sender, .last_id = event->client_id - 1 };
		u->n_heard++;
	}
	if (event->client_id <= h->last_id) {
		u->load->doubled++;
		return;
	}
	u->load->lost += event->client_id - h->last_id - 1;
	h->last_id = event->client_id;
}

/* Everybody's own copies count as well: each event goes to all who follow the log. */
static void
on_event(struct kith *k, const Kith__V1__Event *event, void *arg)
{
	struct user *u = arg;
	struct load *l = u->load;

	(void)k;
	if (event->kind != KITH__V1__EVENT_KIND__MESSAGE || l->begin_us == 0)
		return;
	l->delivered++;
	check_order(u, event);
	if (event->sender != kith_user_id(k))
		sample(&l->latency, strtoull(event->text, NULL, 10));
}

static void
send_all(struct load *l)
{
	unsigned i;

	for (i = 0; i < l->senders; i++)
		send_more(&l->all[i]);
}

static void
begin(struct load *l)
{
	if (l->mode == MODE_IDLE) {
		fprintf(stderr, "ready: %u connections\n", l->connections);
		l->begin_us = now_us();
		return;
	}
	l->sending = true;
	l->begin_us = now_us();
	send_all(l);
}

/* -- logging in ----------------------------------------------------------- */

static void start_more(struct load *l);

static void
on_joined(struct kith *k, const struct kith_failure *failure, const Kith__V1__Reply *reply,
    void *arg)
{
	struct load *l = ((struct user *)arg)->load;
	unsigned i;

	(void)k;
	(void)reply;
	if (failure != NULL) {
		fprintf(stderr, "group: %s\n", failure->text);
		fail(l, "group");
		return;
	}
	if (++l->joined == 1)
		for (i = 1; i < l->users; i++)
			if (kith_join_group(l->all[i].kith, l->group, on_joined, &l->all[i]) != 0)
				fail(l, "join");
	if (l->joined == l->users)
		begin(l);
}

static void
all_here(struct load *l)
{
	if (l->mode != MODE_GROUP)
		begin(l);
	else if (kith_create_group(l->all[0].kith, l->group, "", 1, on_joined, &l->all[0]) != 0)
		fail(l, "create");
}

static void
on_logged_in(struct kith *k, const Kith__V1__LoggedIn *login, void *arg)
{
	struct user *u = arg;
	uint64_t first = login->device << CLIENT_ID_DEVICE_SHIFT;

	(void)k;
	if (login->token[0] != '\0')
		snprintf(u->token, sizeof(u->token), "%s", login->token);
	if (u->next_id == 0)
		u->next_id = (login->last_client_id > first ? login->last_client_id : first) + 1;
}

static void
on_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct user *u = arg;
	struct load *l = u->load;

	(void)k;
	if (phase == KITH_ENDED) {
		fprintf(stderr, "%s: %s\n", u->name, why->text);
		fail(l, "connection ended");
	}
	if (phase != KITH_READY || u->here)
		return;
	u->here = true;
	l->here++;
	if (l->here == l->connections)
		all_here(l);
	else
		start_more(l);
}

static int
start(struct load *l, struct user *u)
{
	struct user *owner = &l->all[u->index % l->users];
	struct kith_options o = {
		.base = l->base, .host = l->url.host, .port = l->url.port, .plain = l->url.plain,
		.key = l->url.key, .client = "kith-load", .follow = l->mode != MODE_IDLE,
		.retry_ms = KITH_FOREVER, .request_ms = KITH_FOREVER,
		.sends_at_once = l->window,
		.hooks = { .phase = on_phase, .logged_in = on_logged_in, .event = on_event },
		.arg = u,
		.login = { .by = KITH_BY_REGISTERING, .name = u->name, .password = l->group,
		    .invite = l->url.invite, .device = "load" },
	};

	if (u != owner) {
		o.login.by = KITH_BY_TOKEN;
		o.login.token = owner->token;
	}
	if ((u->kith = kith_create(&o)) == NULL)
		return -1;
	kith_start(u->kith);
	return 0;
}

/* Accounts first, then the connections that use their tokens. */
static void
start_more(struct load *l)
{
	while (l->started < l->connections && l->started - l->here < LOGINS_AT_ONCE &&
	    (l->started < l->users || l->here >= l->users)) {
		if (start(l, &l->all[l->started++]) != 0) {
			fail(l, "memory");
			return;
		}
	}
}

/* -- the run -------------------------------------------------------------- */

/* A hundred times a second: is it over, is there room to send? */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct load *l = arg;
	uint64_t ran = now_us() - l->begin_us;

	(void)fd;
	(void)what;
	if (l->begin_us != 0 && l->sending && l->rate != 0)
		send_all(l);
	if (l->begin_us == 0 || ran < l->seconds * UINT64_C(1000000))
		return;
	if (l->sending || l->end_us == 0) {
		l->sending = false;
		l->end_us = now_us();
	}
	if ((l->delivered >= l->expected && l->sent == l->acked + l->refused) ||
	    now_us() - l->end_us > SETTLE_MS * UINT64_C(1000))
		event_base_loopbreak(l->base);
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double
percentile_ms(struct times *t, unsigned percent)
{
	qsort(t->us, t->n, sizeof(t->us[0]), by_value);
	return t->n == 0 ? 0 : t->us[(t->n - 1) * percent / 100] / 1000.0;
}

static void
report(struct load *l)
{
	double s = (double)(l->end_us - l->begin_us) / 1e6;
	json_t *o;

	o = json_pack("{s:s, s:i, s:i, s:f, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:f, s:f, s:f, s:f, s:f, s:f}",
	    "mode", mode_names[l->mode], "users", l->users, "connections", l->connections,
	    "seconds", s, "acked", (json_int_t)l->acked, "refused", (json_int_t)l->refused,
	    "delivered", (json_int_t)l->delivered, "expected", (json_int_t)l->expected,
	    "lost", (json_int_t)l->lost, "doubled", (json_int_t)l->doubled,
	    "stored_per_s", (double)l->acked / s, "delivered_per_s", (double)l->delivered / s,
	    "stored_p50_ms", percentile_ms(&l->stored, 50),
	    "stored_p99_ms", percentile_ms(&l->stored, 99),
	    "latency_p50_ms", percentile_ms(&l->latency, 50),
	    "latency_p99_ms", percentile_ms(&l->latency, 99));
	if (o != NULL)
		json_dumpf(o, stdout, JSON_REAL_PRECISION(6));
	json_decref(o);
	putchar('\n');
}

static unsigned
number(const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < min || n > max) {
		fprintf(stderr, "kith-load: %s: not a number from %u to %u\n", text, min, max);
		exit(2);
	}
	return (unsigned)n;
}

static enum mode
mode_of(const char *text)
{
	unsigned i;

	for (i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++)
		if (strcmp(text, mode_names[i]) == 0)
			return (enum mode)i;
	fprintf(stderr, "kith-load: %s: no such mode\n", text);
	exit(2);
}

static void
arguments(struct load *l, int argc, char **argv)
{
	static const struct option options[] = {
		{ "url", required_argument, NULL, 'u' }, { "mode", required_argument, NULL, 'm' },
		{ "users", required_argument, NULL, 'n' },
		{ "connections", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 's' },
		{ "window", required_argument, NULL, 'w' },
		{ "senders", required_argument, NULL, 'k' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "rate", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *why = "missing";
	bool url = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'u': url = kith_url_parse(optarg, &l->url, &why) == 0; break;
		case 'm': l->mode = mode_of(optarg); break;
		case 'n': l->users = number(optarg, 2, USERS_MAX); break;
		case 'c': l->connections = number(optarg, 1, CONNECTIONS_MAX); break;
		case 's': l->seconds = number(optarg, 1, SECONDS_MAX); break;
		case 'w': l->window = number(optarg, 1, IN_FLIGHT_MAX); break;
		case 'k': l->senders = number(optarg, 1, USERS_MAX); break;
		case 'r': l->rate = number(optarg, 1, RATE_MAX); break;
		case 'b': l->bytes = number(optarg, 20, TEXT_BYTES_MAX); break;
		default: exit(2);
		}
	}
	if (!url || optind != argc) {
		fprintf(stderr, "kith-load: --url: %s\n", why);
		exit(2);
	}
	if (l->connections < l->users || l->mode != MODE_IDLE)
		l->connections = l->users;
	if (l->senders > l->users || l->mode != MODE_GROUP)
		l->senders = l->users;
}

static int
set_up(struct load *l)
{
	static const struct timeval hundredth = { 0, 10000 };
	unsigned heard = l->mode == MODE_GROUP ? l->senders : 2;
	unsigned i, run = (unsigned)getpid() ^ (unsigned)now_us();

	l->base = event_base_new();
	l->all = calloc(l->connections, sizeof(*l->all));
	l->text = malloc(l->bytes + 1);
	l->stored.us = calloc(SAMPLES_MAX, sizeof(*l->stored.us));
	l->latency.us = calloc(SAMPLES_MAX, sizeof(*l->latency.us));
	if (l->base == NULL || l->all == NULL || l->text == NULL || l->stored.us == NULL ||
	    l->latency.us == NULL)
		return -1;
	memset(l->text, 'x', l->bytes);
	l->text[l->bytes] = '\0';
	snprintf(l->group, sizeof(l->group), "load-%08x", run);
	for (i = 0; i < l->connections; i++) {
		l->all[i].load = l;
		l->all[i].index = i;
		l->all[i].heard = calloc(heard, sizeof(struct heard));
		l->all[i].max_heard = heard;
		if (l->all[i].heard == NULL)
			return -1;
		snprintf(l->all[i].name, sizeof(l->all[i].name), "u%08x-%u", run, i % l->users);
	}
	l->timer = event_new(l->base, -1, EV_PERSIST, on_timer, l);
	return l->timer == NULL ? -1 : event_add(l->timer, &hundredth);
}

static void
tear_down(struct load *l)
{
	unsigned i;

	for (i = 0; l->all != NULL && i < l->connections; i++) {
		kith_destroy(l->all[i].kith);
		free(l->all[i].heard);
	}
	if (l->timer != NULL)
		event_free(l->timer);
	if (l->base != NULL)
		event_base_free(l->base);
	free(l->all);
	free(l->text);
	free(l->stored.us);
	free(l->latency.us);
}

int
main(int argc, char **argv)
{
	struct load l = { .mode = MODE_DIRECT, .users = 2, .seconds = 10, .window = 8,
	    .senders = 1, .bytes = 120 };
	int status = 1;

	signal(SIGPIPE, SIG_IGN);
	arguments(&l, argc, argv);
	if (set_up(&l) != 0)
		fprintf(stderr, "kith-load: %s\n", strerror(errno));
	else {
		start_more(&l);
		event_base_dispatch(l.base);
		if (l.failed != NULL)
			fprintf(stderr, "kith-load: %s\n", l.failed);
		else {
			report(&l);
			status = l.delivered != l.expected || l.refused + l.lost + l.doubled != 0;
		}
	}
	tear_down(&l);
	return status;
}
