#include "tests/unit/kit/store_kit.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/db/db_driver.h"
#include "server/store/store_reader.h"
#include "server/store/store_writer.h"
#include "shm/arena.h"
#include "tests/unit/kit/mariadb.h"
#include "tests/unit/kit/tmpdir.h"

#define INBOX_BYTES	(1u << 20)
#define TARGETS		8

const struct kit_kind kit_kinds[] = {
	{ "sqlite", "sqlite", false },
	{ "mariadb", "mysql", false },
	{ "plain mysql", "mysql", true },
};
const unsigned kit_nkinds = sizeof(kit_kinds) / sizeof(kit_kinds[0]);

/* One process of each role but the workers, the master in slot 0. */
static void
lay_out(struct kit *k)
{
	struct shared *sh = &k->shared;

	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		sh->first[r] = sh->nslots;
		sh->count[r] = r == ROLE_WORKER ? KIT_WORKERS : 1;
		sh->nslots += sh->count[r];
	}
}

static void
make_shared(struct kit *k)
{
	struct shared *sh = &k->shared;
	char name[ARENA_NAME_MAX];

	lay_out(k);
	sh->arena = arena_create(16u << 20);
	assert_non_null(sh->arena);
	sh->slots = arena_take(sh->arena, "slots", PROC_SLOTS_MAX * sizeof(*sh->slots));
	sh->stats = arena_take(sh->arena, "stats", PROC_SLOTS_MAX * sizeof(*sh->stats));
	for (unsigned i = 0; i < sh->nslots; i++) {
		atomic_store(&sh->slots[i].generation, 1);
		atomic_store(&sh->slots[i].ready, 1);
		snprintf(name, sizeof(name), "ring %u", i);
		assert_int_equal(ring_init(&sh->rings[i],
		    arena_take(sh->arena, name, ring_space(INBOX_BYTES)), INBOX_BYTES), 0);
		snprintf(name, sizeof(name), "wake %u", i);
		assert_int_equal(wake_init(&sh->wakes[i],
		    arena_take(sh->arena, name, sizeof(struct wake_shared))), 0);
	}
	assert_int_equal(registry_init(&sh->registry,
	    arena_take(sh->arena, "sessions", registry_space_sessions(1000)), 1000,
	    arena_take(sh->arena, "groups", registry_space_groups(1000)), 1000), 0);
}

static void
make_proc(struct kit *k, struct proc *p, enum role role, unsigned index)
{
	p->role = role;
	p->index = index;
	p->slot = k->shared.first[role] + index;
	p->generation = 1;
	p->conf = &k->conf;
	p->shared = &k->shared;
	p->stats = &k->shared.stats[p->slot];
}

static void
make_conf(struct kit *k)
{
	static char database[] = "kith_test", root[] = "root", lobby[] = "lobby";

	k->conf.database = (char *)(uintptr_t)k->kind->database;
	k->conf.lobby = lobby;
	if (strcmp(k->kind->database, "mysql") == 0) {
		k->conf.mysql_socket = (char *)(uintptr_t)mariadb_start(NULL);
		k->conf.mysql_user = root;
		k->conf.mysql_database = database;
		mariadb_do("DROP DATABASE IF EXISTS kith_test");
		mariadb_do("CREATE DATABASE kith_test");
	}
	k->conf.state_dir = (char *)(uintptr_t)tmpdir();
}

static void
use_plainly(struct kit *k)
{
	if (k->kind->plain)
		mariadb_make_plain(k->w.db);
}

static void
make_users(struct kit *k)
{
	char sql[512];

	for (unsigned i = 1; i <= KIT_USERS; i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO accounts (id, name, skeleton, display_name,"
		    " hash, admin, disabled, created_ms, last_seen_ms)"
		    " VALUES (%u, 'u%u', 'u%u', '', '', 0, 0, 1, 77)", i, i, i);
		kit_do(k, sql);
		snprintf(sql, sizeof(sql), "INSERT INTO tokens (id, user, hash, device_name,"
		    " created_ms, used_ms) VALUES (%u, %u, '%u', '', 1, 1)", i, i, i);
		kit_do(k, sql);
	}
}

struct kit *
kit_create(const struct kit_kind *kind)
{
	struct kit *k = calloc(1, sizeof(*k));

	log_init(LOG_L_ERROR);
	k->kind = kind;
	make_conf(k);
	make_shared(k);
	make_proc(k, &k->writer_proc, ROLE_WRITER, 0);
	make_proc(k, &k->reader_proc, ROLE_READER, 0);
	make_proc(k, &k->auth, ROLE_AUTH, 0);
	for (unsigned i = 0; i < KIT_WORKERS; i++)
		make_proc(k, &k->worker[i], ROLE_WORKER, i);
	for (unsigned i = 0; i < k->shared.nslots; i++)
		ring_attach(&k->shared.rings[i]);
	assert_int_equal(store_writer_init(&k->w, &k->writer_proc), 0);
	assert_non_null(k->w.db);
	use_plainly(k);
	assert_int_equal(store_reader_init(&k->r, &k->reader_proc), 0);
	make_users(k);
	return k;
}

void
kit_destroy(struct kit *k)
{
	for (unsigned i = 0; i < k->nreplies; i++)
		kith__v1__reply__free_unpacked(k->replies[i], NULL);
	store_writer_fini(&k->w);
	store_reader_fini(&k->r);
	for (unsigned i = 0; i < k->shared.nslots; i++)
		wake_fini(&k->shared.wakes[i]);
	arena_destroy(k->shared.arena);
	if (k->conf.state_dir != NULL)
		tmpdir_remove(k->conf.state_dir);
	free(k);
}

int
kit_setup(void **state)
{
	*state = kit_create(*state);
	return 0;
}

int
kit_teardown(void **state)
{
	kit_destroy(*state);
	return 0;
}

void
kit_online(struct kit *k, uint64_t user, unsigned worker)
{
	struct registry_session s = { .worker = worker, .generation = 1, .slot = (uint32_t)user,
		.device = user, .since_ms = 1000 + user };

	assert_int_equal(registry_add(&k->shared.registry, user, &s), 0);
}

void
kit_follow(struct kit *k, uint64_t group, unsigned worker)
{
	assert_int_equal(registry_follow(&k->shared.registry, group, worker, 1), 0);
}

/* -- records -------------------------------------------------------------- */

static uint64_t
put(struct kit *k, enum role to, enum ipc_type type, uint64_t user, Kith__V1__Request *r)
{
	struct ipc_head h = { .type = (uint16_t)type, .session = (uint32_t)user,
		.session_serial = 9, .user = { user }, .device = user };

	r->id = h.request = ++k->request;
	assert_int_equal(ipc_send_msg(&k->worker[0], k->shared.first[to], &h, &r->base), 0);
	return r->id;
}

uint64_t
kit_request(struct kit *k, uint64_t user, Kith__V1__Request *r)
{
	return put(k, ROLE_WRITER, IPC_REQUEST, user, r);
}

/* 0, or -1 when the inbox is empty. */
static int
read_record(struct proc *p, struct ipc_head *h, const uint8_t **body, uint32_t *len)
{
	static uint8_t buf[RING_RECORD_MAX];
	uint32_t n;

	if (ring_read(&p->shared->rings[p->slot], buf, sizeof(buf), &n) < 0)
		return -1;
	assert_int_equal(ipc_check(p, buf, n, h, body, len), 0);
	return 0;
}

static void
read_inbox(struct kit *k, unsigned most)
{
	const uint8_t *body;
	struct ipc_head h;
	uint32_t len;

	while (most-- > 0 && read_record(&k->writer_proc, &h, &body, &len) == 0)
		store_writer_record(&k->writer_proc, &h, body, len);
	store_writer_turn(&k->writer_proc);
}

void
kit_read_inbox(struct kit *k)
{
	read_inbox(k, UINT_MAX);
}

void
kit_turn_of(struct kit *k, unsigned most)
{
	read_inbox(k, most);
	ring_release(&k->shared.rings[k->writer_proc.slot]);
}

void
kit_turn(struct kit *k)
{
	kit_turn_of(k, UINT_MAX);
}

void
kit_restart_writer(struct kit *k)
{
	store_writer_fini(&k->w);
	assert_int_equal(store_writer_init(&k->w, &k->writer_proc), 0);
	use_plainly(k);
}

int
kit_next(struct kit *k, unsigned worker, Kith__V1__Reply **r)
{
	struct proc *p = &k->worker[worker];
	const uint8_t *body;
	uint32_t len;

	if (read_record(p, &k->head, &body, &len) < 0)
		return -1;
	ring_release(&p->shared->rings[p->slot]);
	*r = NULL;
	if (ipc_table[k->head.type].body == &kith__v1__reply__descriptor) {
		*r = kith__v1__reply__unpack(NULL, len, body);
		assert_non_null(*r);
		assert_true(k->nreplies < sizeof(k->replies) / sizeof(k->replies[0]));
		k->replies[k->nreplies++] = *r;
	}
	return 0;
}

void
kit_drop_told(struct kit *k)
{
	for (unsigned i = 0; i < KIT_WORKERS; i++)
		ring_drop_all(&k->shared.rings[k->worker[i].slot]);
}

static Kith__V1__Reply *
find_reply(struct kit *k, uint64_t id)
{
	Kith__V1__Reply *r;

	while (kit_next(k, 0, &r) == 0)
		if (k->head.type == IPC_REPLY && k->head.request == id)
			return r;
	fail_msg("no reply");
	return NULL;
}

Kith__V1__Reply *
kit_ask(struct kit *k, uint64_t user, Kith__V1__Request *r)
{
	uint64_t id = kit_request(k, user, r);

	kit_turn(k);
	return find_reply(k, id);
}

Kith__V1__Reply *
kit_query(struct kit *k, uint64_t user, Kith__V1__Request *r)
{
	uint64_t id = put(k, ROLE_READER, IPC_QUERY, user, r);
	const uint8_t *body;
	struct ipc_head h;
	uint32_t len;

	assert_int_equal(read_record(&k->reader_proc, &h, &body, &len), 0);
	store_reader_record(&k->reader_proc, &h, body, len);
	ring_release(&k->shared.rings[k->reader_proc.slot]);
	return find_reply(k, id);
}

enum kith_err
kit_error(const Kith__V1__Reply *r)
{
	return r->body_case == KITH__V1__REPLY__BODY_ERROR ? (enum kith_err)r->error->code :
	    KITH_E_OK;
}

/* -- requests ------------------------------------------------------------- */

void
kit_target(Kith__V1__Target *t, const char *text)
{
	kith__v1__target__init(t);
	if (*text == '@') {
		t->to_case = KITH__V1__TARGET__TO_USER;
		t->user = (char *)(uintptr_t)text + 1;
	} else if (*text == '#') {
		t->to_case = KITH__V1__TARGET__TO_GROUP;
		t->group = (char *)(uintptr_t)text + 1;
	} else {
		t->to_case = KITH__V1__TARGET__TO_CONVERSATION;
		t->conversation = strtoull(text + 1, NULL, 10);
	}
}

void
kit_send_as(struct kit *k, uint64_t user, const char *targets, const char *text,
    uint64_t client_id)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Send m = KITH__V1__SEND__INIT;
	Kith__V1__Target to[TARGETS], *list[TARGETS];
	char copy[512], *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", targets);
	while ((one = strtok_r(rest, " ", &rest)) != NULL) {
		kit_target(&to[m.n_targets], one);
		list[m.n_targets] = &to[m.n_targets];
		m.n_targets++;
	}
	m.targets = list;
	m.client_id = client_id;
	m.text = (char *)(uintptr_t)text;
	r.body_case = KITH__V1__REQUEST__BODY_SEND;
	r.send = &m;
	kit_request(k, user, &r);
}

uint64_t
kit_send(struct kit *k, uint64_t user, const char *targets, const char *text)
{
	uint64_t id = (user << CLIENT_ID_DEVICE_SHIFT) + k->client_id + 1;

	k->client_id += TARGETS;
	kit_send_as(k, user, targets, text, id);
	return id;
}

enum kith_err
kit_say(struct kit *k, uint64_t user, const char *target, const char *text, uint64_t *seq)
{
	Kith__V1__Reply *r;

	kit_send(k, user, target, text);
	kit_turn(k);
	r = find_reply(k, k->request);
	kit_drop_told(k);
	if (r->body_case != KITH__V1__REPLY__BODY_SENT)
		return kit_error(r);
	if (seq != NULL)
		*seq = r->sent->outcomes[0]->seq;
	return r->sent->outcomes[0]->error != NULL ?
	    (enum kith_err)r->sent->outcomes[0]->error->code : KITH_E_OK;
}

enum kith_err
kit_group(struct kit *k, uint64_t user, const char *name, bool is_public, uint64_t *id)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__CreateGroup m = KITH__V1__CREATE_GROUP__INIT;
	Kith__V1__Reply *reply;

	m.name = (char *)(uintptr_t)name;
	m.topic = m.name;
	m.public_ = is_public;
	r.body_case = KITH__V1__REQUEST__BODY_CREATE_GROUP;
	r.create_group = &m;
	reply = kit_ask(k, user, &r);
	if (reply->body_case == KITH__V1__REPLY__BODY_JOINED && id != NULL)
		*id = reply->joined->conversation->id;
	return kit_error(reply);
}

enum kith_err
kit_join(struct kit *k, uint64_t user, const char *target)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__JoinGroup m = KITH__V1__JOIN_GROUP__INIT;
	Kith__V1__Target to;

	kit_target(&to, target);
	m.target = &to;
	r.body_case = KITH__V1__REQUEST__BODY_JOIN_GROUP;
	r.join_group = &m;
	return kit_error(kit_ask(k, user, &r));
}

enum kith_err
kit_leave(struct kit *k, uint64_t user, const char *target)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__LeaveGroup m = KITH__V1__LEAVE_GROUP__INIT;
	Kith__V1__Target to;

	kit_target(&to, target);
	m.target = &to;
	r.body_case = KITH__V1__REQUEST__BODY_LEAVE_GROUP;
	r.leave_group = &m;
	return kit_error(kit_ask(k, user, &r));
}

enum kith_err
kit_invite(struct kit *k, uint64_t user, const char *target, const char *name)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__InviteToGroup m = KITH__V1__INVITE_TO_GROUP__INIT;
	Kith__V1__Target to;

	kit_target(&to, target);
	m.target = &to;
	m.user = (char *)(uintptr_t)name;
	r.body_case = KITH__V1__REQUEST__BODY_INVITE_TO_GROUP;
	r.invite_to_group = &m;
	return kit_error(kit_ask(k, user, &r));
}

enum kith_err
kit_mark(struct kit *k, uint64_t user, uint64_t conversation, uint64_t seq)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__MarkRead m = KITH__V1__MARK_READ__INIT;

	m.conversation = conversation;
	m.seq = seq;
	r.body_case = KITH__V1__REQUEST__BODY_MARK_READ;
	r.mark_read = &m;
	return kit_error(kit_ask(k, user, &r));
}

const char *
kit_events(Kith__V1__Event *const *events, size_t n)
{
	static const char kinds[] = "?mcjliI";
	static char text[4096];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u:%u%c", i > 0 ? " " : "",
		    (unsigned)events[i]->seq, (unsigned)events[i]->sender,
		    kinds[events[i]->kind < 7 ? events[i]->kind : 0]);
	return text;
}

/* -- the database --------------------------------------------------------- */

int64_t
kit_number(struct kit *k, const char *sql)
{
	struct db_stmt *st = k->w.db->ops->prepare(k->w.db, sql);
	int64_t n = -1;

	assert_non_null(st);
	if (db_step(st) == DB_ROW)
		n = db_int(st, 0);
	db_reset(st);
	k->w.db->ops->finalize(st);
	return n;
}

void
kit_do(struct kit *k, const char *sql)
{
	assert_int_equal(k->w.db->ops->exec(k->w.db, sql), DB_OK);
}

uint64_t
kit_stat(struct kit *k, enum stat_id id)
{
	return stats_sum(k->shared.stats, k->shared.nslots, id);
}
