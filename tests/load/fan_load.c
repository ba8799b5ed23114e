/*
 * fan_load.c - how many deliveries a second each door makes, side by side.
 *
 *   kith-fan --url URL [--doors native,ws-pb,ws-json] [--sessions N] [--users U]
 *            [--senders K] [--window W] [--ahead A] [--bytes B] [--rounds R] [--ms T]
 *            [--server PID]
 *
 * The server must let the URL's invite be used often enough, or be open. For each door, U users
 * with N sessions by that door follow a group of their own. Then the doors take turns: in each
 * of R rounds, each group gets messages of B bytes for T ms, from K senders by the native
 * door with W unanswered at a time, and at most A further than what was received: so the figure
 * is what is delivered, not what is queued. All sessions stay open, and the rest does not hear.
 *
 * Everything is one process on the server's own machine, so that receiving must cost little, and
 * the same at each door: see fan_link.h. What is as long as a text is an event, and one of
 * SAMPLE is searched for the round's text.
 *
 * Prints one JSON object: per door the deliveries a second (median of the rounds), their share
 * of the first door's (median of the rounds' shares), bytes of an event, events for each read,
 * and the processor's time for one delivery: ours, and that of the children of kithd's master
 * PID. The two together say what the cores could deliver if they had nothing else to do;
 * `cpu_share` compares that. Exit 1 if a session did not get each event once; also if one was told
 * to resync, since then the figure says nothing: take a smaller A.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "protocol/limits.h"
#include "tests/load/fan_link.h"

#define SESSIONS_MAX	5000u		/* per door */
#define SENDERS_MAX	64u
#define ROUNDS_MAX	100u
#define SAMPLE		64u
#define READY_MAX	256
#define STUCK_MS	20000u
#define BEAT_MS		10000u
#define PASSWORD	"the wind in the willows"

struct receiver {
	struct fan_link	 link;		/* first: what epoll tells */
	struct crowd	*crowd;
	uint64_t	 events, pongs;
};

struct sender {
	struct fan_link	 link;		/* first */
	struct fan	*fan;
	uint64_t	 next_id;
	unsigned	 in_flight;
};

/* One round of one door. */
struct figure {
	double		 per_s, share, bytes, per_read, client_ns, server_ns, cpu_share;
};

/* What belongs to one door. */
struct crowd {
	struct fan	*fan;
	enum fan_door	 door;
	char		 group[NAME_BYTES_MAX + 1];
	struct receiver	*all;
	unsigned	 open;		/* the first of them */
	uint64_t	 events, bytes, reads, pongs;	/* of all */
	uint64_t	 expected;	/* events of each session, so far */
	struct figure	 figures[ROUNDS_MAX];
};

struct fan {
	struct kith_url	 url;
	unsigned	 sessions, users, senders, window, ahead, bytes, rounds, ms;
	unsigned	 server;	/* pid, or 0 */
	unsigned	 run;		/* makes names new */
	struct crowd	 crowds[FAN_DOORS];
	unsigned	 ncrowds;
	struct sender	 all[SENDERS_MAX];
	int		 epoll;
	struct crowd	*now;		/* whose round it is */
	bool		 sending;
	char		 text[TEXT_BYTES_MAX + 1];
	uint64_t	 sent, acked;	/* in this round */
	uint64_t	 refused, resyncs, wrong;
	uint64_t	 beat_ms;
};

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t
client_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* On the processor, as the scheduler counts it; 0: it has gone. */
static uint64_t
process_cpu_ns(unsigned pid)
{
	char path[64];
	uint64_t ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/schedstat", pid);
	if ((file = fopen(path, "r")) == NULL)
		return 0;
	if (fscanf(file, "%" SCNu64, &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

/* Of all children of kithd's master. */
static uint64_t
server_cpu_ns(unsigned master)
{
	char path[64];
	uint64_t sum = 0;
	unsigned pid;
	FILE *children;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/children", master, master);
	if ((children = fopen(path, "r")) == NULL)
		return 0;
	while (fscanf(children, "%u", &pid) == 1)
		sum += process_cpu_ns(pid);
	fclose(children);
	return sum;
}

static void
fail(const char *what, int error)
{
	fprintf(stderr, "kith-fan: %s: %s\n", what, strerror(error));
	exit(1);
}

/* -- receiving ------------------------------------------------------------ */

static int
beat(struct receiver *r, Kith__V1__Request__BodyCase which)
{
	Kith__V1__Request q = KITH__V1__REQUEST__INIT;
	Kith__V1__Ping ping = KITH__V1__PING__INIT;
	Kith__V1__Pong pong = KITH__V1__PONG__INIT;

	q.id = 1;
	q.body_case = which;
	if (which == KITH__V1__REQUEST__BODY_PING)
		q.ping = &ping;
	else
		q.pong = &pong;
	return fan_link_send(&r->link, &q);
}

/* Shorter than an event. */
static void
on_other(struct receiver *r, const uint8_t *body, size_t len)
{
	Kith__V1__Reply *reply = fan_link_parse(&r->link, body, len);

	if (reply == NULL)
		fail("a reply", EBADMSG);
	switch (reply->body_case) {
	case KITH__V1__REPLY__BODY_PING:
		beat(r, KITH__V1__REQUEST__BODY_PONG);
		break;
	case KITH__V1__REPLY__BODY_PONG:
		r->pongs++;
		r->crowd->pongs++;
		break;
	case KITH__V1__REPLY__BODY_RESYNC:
		r->crowd->fan->resyncs++;
		break;
	case KITH__V1__REPLY__BODY_CLOSING:
		fail(reply->closing->reason->text, ECONNRESET);
		break;
	default:
		break;
	}
	kith__v1__reply__free_unpacked(reply, NULL);
}

static void
on_received(struct fan_link *l, const uint8_t *body, size_t len)
{
	struct receiver *r = (struct receiver *)l;
	struct crowd *c = r->crowd;
	struct fan *f = c->fan;

	if (len < f->bytes) {
		on_other(r, body, len);
		return;
	}
	r->events++;
	c->bytes += len;
	if (c->events++ % SAMPLE == 0 && memmem(body, len, f->text, f->bytes) == NULL)
		f->wrong++;
}

/* -- sending -------------------------------------------------------------- */

/* Its own copies of the events come here as well. */
static void
on_sent(struct fan_link *l, const uint8_t *body, size_t len)
{
	struct sender *s = (struct sender *)l;
	Kith__V1__Reply *r;

	if (len >= s->fan->bytes)
		return;
	if ((r = fan_link_parse(l, body, len)) == NULL)
		fail("a reply", EBADMSG);
	if (r->body_case == KITH__V1__REPLY__BODY_SENT) {
		s->in_flight--;
		if (r->sent->n_outcomes == 1 && r->sent->outcomes[0]->error == NULL)
			s->fan->acked++;
		else
			s->fan->refused++;
	} else if (r->body_case == KITH__V1__REPLY__BODY_ERROR) {
		fail(r->error->text, EPROTO);
	}
	kith__v1__reply__free_unpacked(r, NULL);
}

static void
send_one(struct sender *s)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Send send = KITH__V1__SEND__INIT;
	Kith__V1__Target to = KITH__V1__TARGET__INIT, *targets = &to;
	int rc;

	to.to_case = KITH__V1__TARGET__TO_GROUP;
	to.group = s->fan->now->group;
	send.targets = &targets;
	send.n_targets = 1;
	send.client_id = s->next_id++;
	send.text = s->fan->text;
	r.id = send.client_id;
	r.body_case = KITH__V1__REQUEST__BODY_SEND;
	r.send = &send;
	s->in_flight++;
	s->fan->sent++;
	if ((rc = fan_link_send(&s->link, &r)) < 0)
		fail("send", -rc);
}

static void
send_more(struct fan *f, uint64_t received)
{
	for (unsigned i = 0; i < f->senders; i++)
		while (f->all[i].in_flight < f->window && f->sent < received + f->ahead)
			send_one(&f->all[i]);
}

/* -- rounds --------------------------------------------------------------- */

/* Those that hear nothing answer the server's pings, all others must speak as well. */
static void
beat_all(struct fan *f)
{
	uint64_t ms = now_us() / 1000;

	if (ms - f->beat_ms < BEAT_MS)
		return;
	f->beat_ms = ms;
	for (unsigned i = 0; i < f->ncrowds; i++)
		for (unsigned j = 0; j < f->crowds[i].open; j++)
			beat(&f->crowds[i].all[j], KITH__V1__REQUEST__BODY_PONG);
}

/* One turn of the loop: whether anything came. */
static bool
turn(struct fan *f)
{
	struct epoll_event ready[READY_MAX];
	int rc, n = epoll_wait(f->epoll, ready, READY_MAX, 20);

	for (int i = 0; i < n; i++) {
		struct fan_link *l = ready[i].data.ptr;

		if ((rc = fan_link_read(l)) < 0 && rc != -EAGAIN)
			fail("a session", -rc);
		f->now->reads++;
	}
	beat_all(f);
	return n > 0;
}

/* Until done() says so. */
static void
run_until(struct fan *f, bool (*done)(struct fan *f))
{
	uint64_t heard = now_us();

	while (!done(f)) {
		if (turn(f))
			heard = now_us();
		else if (now_us() - heard > STUCK_MS * UINT64_C(1000))
			fail("waiting for the server", ETIMEDOUT);
	}
}

static bool
all_answered(struct fan *f)
{
	return f->now->pongs == f->sessions;
}

/* A pong comes after all events that were queued before it: so each session has got them, and
 * has them only once. */
static void
check(struct fan *f)
{
	struct crowd *c = f->now;

	c->pongs = 0;
	for (unsigned i = 0; i < f->sessions; i++)
		if (beat(&c->all[i], KITH__V1__REQUEST__BODY_PING) < 0)
			fail("a session", errno);
	run_until(f, all_answered);
	for (unsigned i = 0; i < f->sessions; i++)
		if (c->all[i].events != c->expected)
			f->wrong++;
}

static uint64_t round_end_us;

static bool
round_over(struct fan *f)
{
	struct crowd *c = f->now;

	if (now_us() < round_end_us)
		send_more(f, c->events / f->sessions);
	else if (f->acked + f->refused == f->sent &&
	    (f->resyncs > 0 || c->events >= f->acked * f->sessions))
		return true;
	return false;
}

static void
run_round(struct fan *f, struct crowd *c, unsigned round)
{
	struct figure *figure = &c->figures[round], *first = &f->crowds[0].figures[round];
	uint64_t begin, client, server, us;
	int n;

	f->now = c;
	check(f);
	memset(f->text, 'x', f->bytes);
	n = snprintf(f->text, f->bytes, "%s round %u", c->group, round);
	f->text[n] = ' ';
	f->sent = f->acked = 0;
	c->events = c->bytes = c->reads = 0;
	client = client_cpu_ns();
	server = server_cpu_ns(f->server);
	begin = now_us();
	round_end_us = begin + f->ms * UINT64_C(1000);
	run_until(f, round_over);
	us = now_us() - begin;
	figure->per_s = (double)c->events * 1e6 / (double)us;
	figure->bytes = (double)c->bytes / (double)c->events;
	figure->per_read = (double)c->events / (double)c->reads;
	figure->client_ns = (double)(client_cpu_ns() - client) / (double)c->events;
	figure->server_ns = (double)(server_cpu_ns(f->server) - server) / (double)c->events;
	figure->share = figure->per_s / first->per_s;
	figure->cpu_share = (first->client_ns + first->server_ns) /
	    (figure->client_ns + figure->server_ns);
	c->expected += f->acked;
	check(f);
}

/* -- before --------------------------------------------------------------- */

static Kith__V1__Reply *
ask(struct fan_link *l, Kith__V1__Request *r, const char *what)
{
	Kith__V1__Reply *reply = fan_link_ask(l, r);

	if (reply == NULL)
		fail(what, errno);
	return reply;
}

static void
open_link(struct fan *f, struct fan_link *l, enum fan_door door)
{
	int rc = fan_link_open(l, &f->url, door);

	if (rc < 0)
		fail(fan_door_names[door], -rc);
}

/* The answer is the caller's. */
static Kith__V1__Reply *
make_account(struct fan *f, struct fan_link *l, const char *kind, unsigned number)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Register account = KITH__V1__REGISTER__INIT;
	char name[NAME_BYTES_MAX + 1];

	snprintf(name, sizeof(name), "%s%u-%08x", kind, number, f->run);
	account.name = name;
	account.password = (char *)(uintptr_t)PASSWORD;
	account.invite = f->url.invite;
	account.device_name = (char *)(uintptr_t)"fan";
	r.body_case = KITH__V1__REQUEST__BODY_REGISTER_ACCOUNT;
	r.register_account = &account;
	return ask(l, &r, name);
}

static void
join(struct fan_link *l, char *group, bool create)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__CreateGroup made = KITH__V1__CREATE_GROUP__INIT;
	Kith__V1__JoinGroup joined = KITH__V1__JOIN_GROUP__INIT;
	Kith__V1__Target to = KITH__V1__TARGET__INIT;

	if (create) {
		made.name = group;
		made.public_ = 1;
		r.body_case = KITH__V1__REQUEST__BODY_CREATE_GROUP;
		r.create_group = &made;
	} else {
		to.to_case = KITH__V1__TARGET__TO_GROUP;
		to.group = group;
		joined.target = &to;
		r.body_case = KITH__V1__REQUEST__BODY_JOIN_GROUP;
		r.join_group = &joined;
	}
	kith__v1__reply__free_unpacked(ask(l, &r, group), NULL);
}

/* Their sessions go on by the native door. */
static void
open_senders(struct fan *f)
{
	Kith__V1__Reply *login;

	for (unsigned i = 0; i < f->senders; i++) {
		struct sender *s = &f->all[i];

		s->fan = f;
		open_link(f, &s->link, FAN_NATIVE);
		login = make_account(f, &s->link, "sender", i);
		s->next_id = (login->logged_in->device << CLIENT_ID_DEVICE_SHIFT) + 1;
		kith__v1__reply__free_unpacked(login, NULL);
		for (unsigned j = 0; j < f->ncrowds; j++)
			join(&s->link, f->crowds[j].group, i == 0);
	}
}

/* A user that follows the group: the token. */
static void
make_user(struct fan *f, struct crowd *c, unsigned number, char token[TOKEN_CHARS + 1])
{
	struct fan_link l;
	Kith__V1__Reply *login;

	open_link(f, &l, FAN_NATIVE);
	login = make_account(f, &l, fan_door_names[c->door], number);
	snprintf(token, TOKEN_CHARS + 1, "%s", login->logged_in->token);
	kith__v1__reply__free_unpacked(login, NULL);
	join(&l, c->group, false);
	fan_link_close(&l);
}

static void
open_session(struct fan *f, struct crowd *c, char *token)
{
	struct receiver *r = &c->all[c->open];
	Kith__V1__Request q = KITH__V1__REQUEST__INIT;
	Kith__V1__LoginToken login = KITH__V1__LOGIN_TOKEN__INIT;
	int rc;

	r->crowd = c;
	open_link(f, &r->link, c->door);
	login.token = token;
	q.body_case = KITH__V1__REQUEST__BODY_LOGIN_TOKEN;
	q.login_token = &login;
	kith__v1__reply__free_unpacked(ask(&r->link, &q, "login"), NULL);
	r->link.reply = on_received;
	if ((rc = fan_link_watch(&r->link, f->epoll)) < 0)
		fail("epoll", -rc);
	c->open++;
}

static void
open_crowd(struct fan *f, struct crowd *c)
{
	char token[TOKEN_CHARS + 1];

	if ((c->all = calloc(f->sessions, sizeof(*c->all))) == NULL)
		fail("memory", errno);
	for (unsigned user = 0; user < f->users; user++) {
		make_user(f, c, user, token);
		while (c->open < f->sessions * (user + 1) / f->users) {
			open_session(f, c, token);
			beat_all(f);
		}
	}
}

/* What came for them until now, mostly of who joined, is no event of a round. */
static void
forget_events(struct fan *f)
{
	for (unsigned i = 0; i < f->ncrowds; i++) {
		f->now = &f->crowds[i];
		check(f);
		for (unsigned j = 0; j < f->sessions; j++)
			f->now->all[j].events = 0;
	}
	f->wrong = 0;
}

static void
set_up(struct fan *f)
{
	struct rlimit files;
	int rc;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	f->run = (unsigned)getpid() ^ (unsigned)now_us();
	f->beat_ms = now_us() / 1000;
	if ((f->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
		fail("epoll", errno);
	memset(f->text, 'x', f->bytes);
	for (unsigned i = 0; i < f->ncrowds; i++) {
		struct crowd *c = &f->crowds[i];

		c->fan = f;
		snprintf(c->group, sizeof(c->group), "%s-%08x", fan_door_names[c->door], f->run);
	}
	open_senders(f);
	for (unsigned i = 0; i < f->ncrowds; i++)
		open_crowd(f, &f->crowds[i]);
	for (unsigned i = 0; i < f->senders; i++) {
		f->all[i].link.reply = on_sent;
		if ((rc = fan_link_watch(&f->all[i].link, f->epoll)) < 0)
			fail("epoll", -rc);
	}
	forget_events(f);
}

static void
tear_down(struct fan *f)
{
	for (unsigned i = 0; i < f->senders; i++)
		fan_link_close(&f->all[i].link);
	for (unsigned i = 0; i < f->ncrowds; i++) {
		for (unsigned j = 0; j < f->crowds[i].open; j++)
			fan_link_close(&f->crowds[i].all[j].link);
		free(f->crowds[i].all);
	}
	close(f->epoll);
}

/* -- the report ----------------------------------------------------------- */

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of one member of struct figure. */
static double
median(const struct crowd *c, size_t offset)
{
	double all[ROUNDS_MAX];
	unsigned n = c->fan->rounds;

	for (unsigned i = 0; i < n; i++)
		all[i] = *(const double *)((const char *)&c->figures[i] + offset);
	qsort(all, n, sizeof(all[0]), by_value);
	return (all[(n - 1) / 2] + all[n / 2]) / 2;
}

static json_t *
report_crowd(const struct crowd *c)
{
	json_t *rounds = json_array();

	for (unsigned i = 0; i < c->fan->rounds; i++)
		json_array_append_new(rounds, json_integer((json_int_t)c->figures[i].per_s));
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o}",
	    "deliveries_per_s", median(c, offsetof(struct figure, per_s)),
	    "share", median(c, offsetof(struct figure, share)),
	    "cpu_share", median(c, offsetof(struct figure, cpu_share)),
	    "client_ns", median(c, offsetof(struct figure, client_ns)),
	    "server_ns", median(c, offsetof(struct figure, server_ns)),
	    "bytes", median(c, offsetof(struct figure, bytes)),
	    "events_per_read", median(c, offsetof(struct figure, per_read)),
	    "rounds", rounds);
}

static void
report(const struct fan *f)
{
	json_t *doors = json_object(), *o;

	for (unsigned i = 0; i < f->ncrowds; i++)
		json_object_set_new(doors, fan_door_names[f->crowds[i].door],
		    report_crowd(&f->crowds[i]));
	o = json_pack("{s:i, s:b, s:I, s:I, s:I, s:o}", "sessions", f->sessions,
	    "tls", !f->url.plain, "refused", (json_int_t)f->refused,
	    "resyncs", (json_int_t)f->resyncs, "wrong", (json_int_t)f->wrong, "doors", doors);
	if (o != NULL)
		json_dumpf(o, stdout, JSON_REAL_PRECISION(4));
	json_decref(o);
	putchar('\n');
}

/* -- arguments ------------------------------------------------------------ */

static unsigned
number(const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < min || n > max) {
		fprintf(stderr, "kith-fan: %s: not a number from %u to %u\n", text, min, max);
		exit(2);
	}
	return (unsigned)n;
}

static void
choose_doors(struct fan *f, char *list)
{
	char *name;
	unsigned i;

	f->ncrowds = 0;
	while ((name = strsep(&list, ",")) != NULL) {
		for (i = 0; i < FAN_DOORS && strcmp(name, fan_door_names[i]) != 0; i++)
			;
		if (i == FAN_DOORS || f->ncrowds == FAN_DOORS) {
			fprintf(stderr, "kith-fan: %s: no such door, or too many\n", name);
			exit(2);
		}
		f->crowds[f->ncrowds++].door = (enum fan_door)i;
	}
}

static void
arguments(struct fan *f, int argc, char **argv)
{
	static const struct option options[] = {
		{ "url", required_argument, NULL, 'u' }, { "doors", required_argument, NULL, 'd' },
		{ "sessions", required_argument, NULL, 'n' },
		{ "users", required_argument, NULL, 'p' },
		{ "senders", required_argument, NULL, 'k' },
		{ "window", required_argument, NULL, 'w' },
		{ "ahead", required_argument, NULL, 'a' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "rounds", required_argument, NULL, 'r' }, { "ms", required_argument, NULL, 't' },
		{ "server", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 }
	};
	char all[] = "native,ws-pb,ws-json";
	const char *why = "missing";
	bool url = false;
	int c;

	choose_doors(f, all);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'u': url = kith_url_parse(optarg, &f->url, &why) == 0; break;
		case 'd': choose_doors(f, optarg); break;
		case 'n': f->sessions = number(optarg, 1, SESSIONS_MAX); break;
		case 'p': f->users = number(optarg, 1, SESSIONS_MAX); break;
		case 'k': f->senders = number(optarg, 1, SENDERS_MAX); break;
		case 'w': f->window = number(optarg, 1, IN_FLIGHT_MAX); break;
		case 'a': f->ahead = number(optarg, 1, 100000); break;
		case 'b': f->bytes = number(optarg, 100, TEXT_BYTES_MAX); break;
		case 'r': f->rounds = number(optarg, 1, ROUNDS_MAX); break;
		case 's': f->server = number(optarg, 1, INT32_MAX); break;
		case 't': f->ms = number(optarg, 10, 60000); break;
		default: exit(2);
		}
	}
	if (!url || optind != argc) {
		fprintf(stderr, "kith-fan: --url: %s\n", why);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	static struct fan f = { .sessions = 1000, .users = 20, .senders = 8, .window = 16,
	    .ahead = 128, .bytes = 120, .rounds = 5, .ms = 1000 };

	signal(SIGPIPE, SIG_IGN);
	arguments(&f, argc, argv);
	set_up(&f);
	for (unsigned round = 0; round < f.rounds; round++)
		for (unsigned i = 0; i < f.ncrowds; i++)
			run_round(&f, &f.crowds[i], round);
	report(&f);
	tear_down(&f);
	return f.refused + f.resyncs + f.wrong != 0;
}
