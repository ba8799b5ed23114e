/*
 * store_tell.c - what leaves the store: answers, and news of what is committed.
 *
 * Nothing here waits or fails: an inbox that is full drops, and its worker notices.
 */
#include <errno.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/limits.h"
#include "server/lib/log.h"
#include "server/store/store.h"
#include "server/store/store_cache.h"

char store_empty[] = "";

/* Which errors pass by themselves, and after how long. */

/* What was not told is among so many last events, or it is not worth the search. */
#define AGAIN_SCAN	1000u

/* By then a worker has read that its user joined, or is dead. */
#define JOIN_MS		2000u

void
store_answer_head(const struct ipc_head *asked, enum ipc_type type, struct ipc_head *out)
{
	memset(out, 0, sizeof(*out));
	out->type = (uint16_t)type;
	out->session = asked->session;
	out->session_serial = asked->session_serial;
	out->request = asked->request;
	out->user[0] = asked->user[0];
	out->device = asked->device;
	memcpy(out->address, asked->address, sizeof(out->address));
	out->to_generation = asked->generation;
}

void
store_error(Kith__V1__Error *e, enum kith_err code)
{
	kith__v1__error__init(e);
	e->code = (Kith__V1__ErrorCode)code;
	e->text = (char *)(uintptr_t)kith_err_text(code);
	if (code == KITH_E_UNAVAILABLE)
		e->retry_after_ms = RETRY_BUSY_MS;
}

void
store_reply(struct store *s, const struct ipc_head *h, Kith__V1__Reply *r)
{
	struct ipc_head out;
	int rc;

	store_answer_head(h, IPC_REPLY, &out);
	if (r->body_case == KITH__V1__REPLY__BODY_ERROR)
		out.code = (uint32_t)r->error->code;
	r->id = h->request;
	rc = ipc_send_msg(s->p, h->from, &out, &r->base);
	if (rc == -EMSGSIZE && r->body_case != KITH__V1__REPLY__BODY_ERROR)
		store_reply_error(s, h, KITH_E_TOO_LARGE);
}

void
store_reply_done(struct store *s, const struct ipc_head *h)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Done done = KITH__V1__DONE__INIT;

	r.body_case = KITH__V1__REPLY__BODY_DONE;
	r.done = &done;
	store_reply(s, h, &r);
}

void
store_reply_error(struct store *s, const struct ipc_head *h, enum kith_err code)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Error e;

	store_error(&e, code);
	r.body_case = KITH__V1__REPLY__BODY_ERROR;
	r.error = &e;
	store_reply(s, h, &r);
}

/*
 * To workers.
 */

static int
workers_of_user(struct store *s, uint64_t user, uint32_t *mask)
{
	return registry_user_workers(&s->p->shared->registry, user, mask);
}

static int
workers_of_pair(struct store *s, const uint64_t user[2], uint32_t *mask)
{
	uint32_t other;
	int found = workers_of_user(s, user[0], mask), rc = workers_of_user(s, user[1], &other);

	*mask |= other;
	return found < 0 ? found : rc;
}

static int
workers_of_group(struct store *s, uint64_t group, uint32_t *mask)
{
	int found = registry_group_workers(&s->p->shared->registry, group, mask);
	uint64_t now = clock_now_ms();

	for (unsigned i = 0; i < STORE_JOINS_MAX; i++)
		if (s->joins[i].group == group && s->joins[i].until_ms > now)
			*mask |= s->joins[i].workers;
	return found;
}

/* Empty for 0, and for who can't be found: a live event is a hint. */
static void
name_of(struct store *s, uint64_t user, struct store_name *out)
{
	out->name[0] = '\0';
	if (user != 0 && s->db != NULL && store_user(s, user, out) != DB_OK)
		out->name[0] = '\0';
}

/* Packs Reply{event}; its length. */
static uint32_t
pack_event(struct store *s, const struct db_event *e, uint8_t *buf, size_t cap)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Event ev = KITH__V1__EVENT__INIT;
	struct store_name sender, subject;
	char text[TEXT_BYTES_MAX + 1];
	size_t len;

	name_of(s, e->sender, &sender);
	name_of(s, e->subject, &subject);
	memcpy(text, e->body, e->len);
	text[e->len] = '\0';
	ev.conversation = e->conversation;
	ev.seq = e->seq;
	ev.time_ms = e->time_ms;
	ev.kind = (Kith__V1__EventKind)e->kind;
	ev.sender = e->sender;
	ev.sender_name = sender.name;
	ev.text = text;
	ev.client_id = e->client_id;
	ev.subject = e->subject;
	ev.subject_name = subject.name;
	r.body_case = KITH__V1__REPLY__BODY_EVENT;
	r.event = &ev;
	len = protobuf_c_message_get_packed_size(&r.base);
	return len <= cap ? (uint32_t)protobuf_c_message_pack(&r.base, buf) : 0;
}

void
store_tell_event(struct store *s, const struct db_event *e)
{
	struct ipc_head h = { .type = IPC_EVENT, .conversation = e->conversation, .seq = e->seq };
	uint8_t buf[TEXT_BYTES_MAX + 1024];	/* two names, numbers */
	uint32_t workers, len;
	int found;

	if (conv_is_direct(e->conversation, &h.user[0], &h.user[1])) {
		h.flags = IPC_F_USERS;
		found = workers_of_pair(s, h.user, &workers);
	} else {
		h.flags = IPC_F_FOLLOWERS;
		found = workers_of_group(s, e->conversation, &workers);
	}
	if (found == 0 && workers == 0)
		return;
	if ((len = pack_event(s, e, buf, sizeof(buf))) > 0)
		ipc_send_workers(s->p, found, workers, &h, buf, len);
}

/* `user` read up to there: to the sessions that the head names. */
static void
tell_cursor(struct store *s, struct ipc_head *h, uint64_t user)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__CursorMoved moved = KITH__V1__CURSOR_MOVED__INIT;
	uint8_t buf[64];
	uint32_t workers;
	int found = workers_of_user(s, h->user[0], &workers);

	moved.conversation = h->conversation;
	moved.seq = h->seq;
	moved.user = user;
	r.body_case = KITH__V1__REPLY__BODY_CURSOR_MOVED;
	r.cursor_moved = &moved;
	ipc_send_workers(s->p, found, workers, h, buf,
	    (uint32_t)protobuf_c_message_pack(&r.base, buf));
}

void
store_tell_cursor(struct store *s, const struct ipc_head *mover, uint64_t conversation,
    uint64_t seq)
{
	struct ipc_head h = { .type = IPC_CURSOR, .user = { mover->user[0] },
		.device = mover->device, .conversation = conversation, .seq = seq };

	tell_cursor(s, &h, mover->user[0]);
}

void
store_tell_peer_cursor(struct store *s, const struct ipc_head *mover, uint64_t conversation,
    uint64_t seq)
{
	uint64_t peer = conv_peer(conversation, mover->user[0]);
	struct ipc_head h = { .type = IPC_CURSOR, .user = { peer },
		.conversation = conversation, .seq = seq };

	if (peer != 0 && peer != mover->user[0])
		tell_cursor(s, &h, mover->user[0]);
}

static void
tell_member(struct store *s, const struct store_news *n)
{
	struct ipc_head h = { .type = IPC_MEMBER, .user = { n->user },
		.flags = n->what == NEWS_JOINED ? IPC_F_JOINED : 0,
		.conversation = n->conversation };
	uint32_t workers;
	int found = workers_of_user(s, n->user, &workers);

	workers = ipc_send_workers(s->p, found, workers, &h, NULL, 0);
	if (n->what == NEWS_JOINED && workers != 0)
		s->joins[s->njoins++ % STORE_JOINS_MAX] = (struct store_join){ n->conversation,
		    clock_now_ms() + JOIN_MS, workers };
}

void
store_tell_news(struct store *s)
{
	for (unsigned i = 0; i < s->nnews; i++) {
		struct store_news *n = &s->news[i];

		if (n->what == NEWS_EVENT) {
			n->event.body = n->text;
			store_tell_event(s, &n->event);
		} else {
			tell_member(s, n);
		}
	}
	s->nnews = 0;
}

/*
 * News, while the transaction is open.
 */

static struct store_news *
add_news(struct store *s)
{
	static struct store_news surplus;

	if (s->nnews < STORE_NEWS_MAX)
		return &s->news[s->nnews++];
	log_error(0, "store.news", "effect=dropped");
	return &surplus;
}

static void
add_event(struct store *s, const struct db_event *e)
{
	struct store_news *n = add_news(s);

	n->what = NEWS_EVENT;
	n->event = *e;
	if (n->event.len > TOPIC_BYTES_MAX)
		n->event.len = TOPIC_BYTES_MAX;
	memcpy(n->text, e->body, n->event.len);
}

static enum db_class
put_event(struct store *s, struct db_event *e)
{
	struct db_seqs seqs = { .conversation = e->conversation, .count = 1 };
	enum db_class c = db_take_seqs(s->db, &seqs, 1);

	if (c != DB_OK)
		return c;
	e->seq = seqs.last;
	e->time_ms = clock_utc_ms();
	return db_put_events(s->db, e, 1);
}

enum db_class
store_news_event(struct store *s, struct db_event *e)
{
	enum db_class c = put_event(s, e);

	if (c == DB_DUPLICATE && (c = store_mend_counter(s, e->conversation)) == DB_OK)
		c = put_event(s, e);
	if (c == DB_OK)
		add_event(s, e);
	return c;
}

enum db_class
store_news_again(struct store *s, uint64_t conversation, uint32_t kind, uint64_t sender)
{
	struct db_event e = { .conversation = conversation, .kind = kind, .sender = sender };
	struct db_stmt *st;
	enum db_class c;
	size_t len;

	if (!s->commit_lost && !store_replaying(s))
		return DB_OK;
	st = store_stmt(s, "SELECT seq, time_ms, subject, body FROM events"
	    " WHERE conversation = ? AND sender = ? AND kind = ?"
	    " AND seq > (SELECT last_seq - ? FROM conversations WHERE id = ?)"
	    " ORDER BY seq DESC LIMIT 1", 5, conversation, sender, (uint64_t)kind,
	    (uint64_t)AGAIN_SCAN, conversation);
	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW) {
		e.seq = (uint64_t)db_int(st, 0);
		e.time_ms = (uint64_t)db_int(st, 1);
		e.subject = (uint64_t)db_int(st, 2);
		e.body = db_bytes(st, 3, &len);
		e.len = (uint32_t)len;
		add_event(s, &e);
	}
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

void
store_news_member(struct store *s, uint64_t group, uint64_t user, bool joined)
{
	struct store_news *n = add_news(s);

	n->what = joined ? NEWS_JOINED : NEWS_LEFT;
	n->user = user;
	n->conversation = group;
	store_forget_standing(s, group, user);
}
