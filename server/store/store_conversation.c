/*
 * store_conversation.c - a conversation as its user sees it.
 */
#include "server/store/store_conversation.h"

#include <string.h>

#include "server/rules/conv.h"
#include "server/store/store_cache.h"
#include "server/store/store_query.h"

/* Unread messages are counted among this many last events. */
#define UNREAD_SCAN	10000u

/* One row per conversation of a user, over all intervals of membership. */
#define CONVERSATION_ROW						\
	"SELECT m.conversation, MIN(m.since_seq), MAX(m.since_seq),"	\
	" MAX(CASE WHEN m.until_seq IS NULL THEN m.role ELSE 0 END),"	\
	" MAX(CASE WHEN m.until_seq IS NULL THEN 0 ELSE m.until_seq END)," \
	" MAX(c.last_seq),"						\
	" (SELECT MAX(k.read_seq) FROM cursors k"			\
	"   WHERE k.user = m.user AND k.conversation = m.conversation),"	\
	" MAX(g.name), MAX(g.topic), MAX(g.public), MAX(c.restored_seq)" \
	" FROM members m"						\
	" JOIN conversations c ON c.id = m.conversation"		\
	" LEFT JOIN chat_groups g ON g.id = m.conversation"

enum { COL_ID, COL_SINCE, COL_NEWEST_SINCE, COL_ROLE, COL_UNTIL, COL_LAST_SEQ, COL_READ_SEQ,
	COL_NAME, COL_TOPIC, COL_PUBLIC, COL_RESTORED };

static enum db_class
conversation_count(struct store *s, struct db_stmt *st, uint32_t *n)
{
	uint64_t count = 0;
	enum db_class c = store_query_row(s, st, 1, &count);

	*n = (uint32_t)count;
	return c;
}

enum db_class
store_conversation_members(struct store *s, uint64_t group, uint32_t *n)
{
	return conversation_count(s, store_query(s, "SELECT COUNT(*) FROM members"
	    " WHERE conversation = ? AND until_seq IS NULL", "n", group), n);
}

enum db_class
store_conversation_groups(struct store *s, uint64_t user, uint32_t *n)
{
	return conversation_count(s, store_query(s, "SELECT COUNT(*) FROM members"
	    " WHERE user = ? AND conversation < ? AND until_seq IS NULL", "nn", user,
	    (uint64_t)CONVERSATION_DIRECT_BIT), n);
}

enum db_class
store_conversation_cursor(struct store *s, uint64_t user, uint64_t conversation, uint64_t *seq)
{
	return store_query_row(s, store_query(s, "SELECT MAX(read_seq) FROM cursors"
	    " WHERE user = ? AND conversation = ?", "nn", user, conversation), 1, seq);
}

/* Messages of others, and invitations, after `from` up to the last one. */
static enum db_class
count_unread(struct store *s, uint64_t user, Kith__V1__Conversation *m, uint64_t from)
{
	if (m->last_seq > UNREAD_SCAN && from < m->last_seq - UNREAD_SCAN)
		from = m->last_seq - UNREAD_SCAN;
	if (from >= m->last_seq)
		return DB_OK;
	return conversation_count(s, store_query(s, "SELECT COUNT(*) FROM (SELECT 1 FROM events"
	    " WHERE conversation = ? AND seq > ? AND seq <= ? AND sender <> ? AND kind IN (?, ?)"
	    " LIMIT ?) unread", "nnnnnnn", m->id, from, m->last_seq, user,
	    (uint64_t)KITH__V1__EVENT_KIND__MESSAGE, (uint64_t)KITH__V1__EVENT_KIND__INVITATION,
	    (uint64_t)UNREAD_MAX), &m->unread);
}

/* Reads a CONVERSATION_ROW; complete_conversation() does the rest. */
static void
read_conversation(struct db_stmt *st, struct store_conversation *out, uint64_t user,
    uint64_t *newest_since)
{
	Kith__V1__Conversation *m = &out->msg;

	kith__v1__conversation__init(m);
	m->id = (uint64_t)db_int(st, COL_ID);
	m->since_seq = (uint64_t)db_int(st, COL_SINCE);
	*newest_since = (uint64_t)db_int(st, COL_NEWEST_SINCE);
	m->role = (Kith__V1__Role)db_int(st, COL_ROLE);
	m->last_seq = (uint64_t)db_int(st, m->role == KITH__V1__ROLE__NOBODY ? COL_UNTIL :
	    COL_LAST_SEQ);
	m->read_seq = (uint64_t)db_int(st, COL_READ_SEQ);
	store_query_copy(st, COL_NAME, out->name, sizeof(out->name));
	store_query_copy(st, COL_TOPIC, out->topic, sizeof(out->topic));
	m->restored_seq = (uint64_t)db_int(st, COL_RESTORED);
	m->public_ = db_int(st, COL_PUBLIC) != 0;
	m->name = out->name;
	m->topic = out->topic;
	m->peer = conv_peer(m->id, user);
	m->kind = m->peer != 0 ? KITH__V1__CONVERSATION_KIND__DIRECT :
	    KITH__V1__CONVERSATION_KIND__GROUP;
}

static enum db_class
add_peer(struct store *s, struct store_conversation *out)
{
	struct store_name peer;
	enum db_class c = store_cache_user(s, out->msg.peer, &peer);

	if (c == DB_OK)
		strcpy(out->name, peer.name);
	if (c != DB_OK && c != DB_DONE)
		return c;
	return store_conversation_cursor(s, out->msg.peer, out->msg.id, &out->msg.peer_read_seq);
}

static enum db_class
complete_conversation(struct store *s, struct store_conversation *out, uint64_t user,
    uint64_t newest_since)
{
	Kith__V1__Conversation *m = &out->msg;
	uint64_t from = m->read_seq >= newest_since ? m->read_seq : newest_since - 1;
	enum db_class c;

	if (m->peer != 0 && (c = add_peer(s, out)) != DB_OK)
		return c;
	return count_unread(s, user, m, from);
}

enum db_class
store_conversation_load(struct store *s, uint64_t user, uint64_t id, struct store_conversation *out)
{
	struct db_stmt *st = store_query(s, CONVERSATION_ROW
	    " WHERE m.user = ? AND m.conversation = ? AND m.since_seq > 0"
	    " GROUP BY m.conversation", "nn", user, id);
	uint64_t newest_since;
	enum db_class c;

	if ((c = store_query_next(s, st)) == DB_ROW)
		read_conversation(st, out, user, &newest_since);
	if (st != NULL)
		db_reset(st);
	return c == DB_ROW ? complete_conversation(s, out, user, newest_since) : c;
}

enum db_class
store_conversation_seqs(struct store *s, uint64_t user, uint64_t after, struct store_seqs *out,
    unsigned cap, unsigned *n)
{
	struct db_stmt *st = store_query(s, CONVERSATION_ROW
	    " WHERE m.user = ? AND m.conversation > ? AND m.since_seq > 0"
	    " GROUP BY m.conversation ORDER BY m.conversation LIMIT ?", "nnn", user, after,
	    (uint64_t)cap);
	enum db_class c;

	*n = 0;
	while ((c = store_query_next(s, st)) == DB_ROW && *n < cap) {
		bool in = db_int(st, COL_ROLE) != KITH__V1__ROLE__NOBODY;

		out[(*n)++] = (struct store_seqs){
			.conversation = (uint64_t)db_int(st, COL_ID),
			.newest_since = (uint64_t)db_int(st, COL_NEWEST_SINCE),
			.last_seq = (uint64_t)db_int(st, in ? COL_LAST_SEQ : COL_UNTIL),
			.read_seq = (uint64_t)db_int(st, COL_READ_SEQ),
		};
	}
	return store_query_end(st, c);
}

enum db_class
store_conversation_load_page(struct store *s, uint64_t user, uint64_t after, uint32_t limit,
    struct store_conversation *rows, unsigned *n, bool *more)
{
	uint64_t newest_since[PAGE_ROWS_MAX];
	struct db_stmt *st = store_query(s, CONVERSATION_ROW
	    " WHERE m.user = ? AND m.conversation > ? AND m.until_seq IS NULL"
	    " GROUP BY m.conversation ORDER BY m.conversation LIMIT ?", "nnn", user, after,
	    (uint64_t)limit + 1);
	enum db_class c;

	*n = 0;
	while ((c = store_query_next(s, st)) == DB_ROW && !(*more = *n == limit)) {
		read_conversation(st, &rows[*n], user, &newest_since[*n]);
		++*n;
	}
	c = store_query_end(st, c);
	for (unsigned i = 0; i < *n && (c == DB_OK || c == DB_DONE); i++)
		c = complete_conversation(s, &rows[i], user, newest_since[i]);
	return c == DB_DONE ? DB_OK : c;
}
