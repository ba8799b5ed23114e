/*
 * store_group.c - groups: create, join, leave, invite.
 */
#include "server/store/store_group.h"

#include <errno.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "server/rules/conv.h"
#include "server/store/store.h"
#include "server/store/store_cache.h"
#include "server/store/store_conversation.h"
#include "server/store/store_event.h"
#include "server/store/store_news.h"
#include "server/store/store_query.h"
#include "server/store/store_reply.h"
#include "server/store/store_target.h"
#include "server/store/store_transact.h"

struct group_op {			/* one request, over all attempts */
	const struct ipc_head	*head;
	uint64_t		 user;
	struct store_target	 target;
	enum kith_err		 err;
	struct store_conversation conv;		/* join, create: what is answered */
	struct store_group_new	 new;			/* create */
	struct store_target	 invited;		/* invite */
};

static void
group_answer(struct store *s, const struct group_op *op, enum db_class c)
{
	enum kith_err e = c == DB_OK || c == DB_DONE ? op->err : store_err(c);

	if (e != KITH_E_OK)
		store_reply_error(s, op->head, e);
	else
		store_reply_done(s, op->head);
}

static void
group_answer_joined(struct store *s, struct group_op *op, enum db_class c)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Joined m = KITH__V1__JOINED__INIT;

	if (c != DB_OK || op->err != KITH_E_OK) {
		group_answer(s, op, c);
		return;
	}
	m.conversation = &op->conv.msg;
	r.body_case = KITH__V1__REPLY__BODY_JOINED;
	r.joined = &m;
	store_reply(s, op->head, &r);
}

/* The answer for a user who is now in the group; `c` is the outcome so far. */
static enum db_class
group_load_joined(struct store *s, struct group_op *op, uint64_t group, enum db_class c)
{
	if (c != DB_OK)
		return c;
	if ((c = store_conversation_load(s, op->user, group, &op->conv)) != DB_OK)
		return c;
	return store_conversation_members(s, group, &op->conv.msg.members);
}

/* -- create --------------------------------------------------------------- */

enum db_class
store_group_insert(struct store *s, const struct store_group_new *g, uint64_t *id)
{
	enum db_class c = store_query_run(s, store_query(s, "INSERT INTO chat_groups"
	    " (name, skeleton, topic, public, created_ms, creator) VALUES (?, ?, ?, ?, ?, ?)",
	    "tttnnn", g->name, g->skeleton, g->topic, (uint64_t)g->is_public, clock_utc_ms(),
	    g->creator));

	if (c == DB_OK)
		*id = (uint64_t)db_last_id(s->db);
	return c;
}

enum db_class
store_group_put_event(struct store *s, uint64_t group, Kith__V1__EventKind kind, uint64_t sender,
    uint64_t subject, const char *text, uint64_t *seq)
{
	struct db_event e = { .conversation = group, .sender = sender, .subject = subject,
		.kind = kind, .body = text, .body_len = (uint32_t)strlen(text) };
	enum db_class c = store_news_event(s, &e);

	*seq = e.seq;
	return c;
}

enum db_class
store_group_add_member(struct store *s, uint64_t group, uint64_t user, Kith__V1__EventKind kind,
    Kith__V1__Role role, const char *text)
{
	enum db_class c;
	uint64_t seq;

	/* First, so that the new member's workers follow the group when its event comes. */
	if ((c = store_news_member(s, group, user, true)) == DB_OK)
		c = store_group_put_event(s, group, kind, user, 0, text, &seq);
	if (c != DB_OK)
		return c;
	return store_query_run(s, store_query(s, db_sql(s->db, DB_SQL_MEMBER_ADD), "nnnn", group,
	    user, seq, (uint64_t)role));
}

enum db_class
store_group_joined_before(struct store *s, uint64_t group, uint64_t user, Kith__V1__EventKind kind)
{
	enum db_class c = store_news_member(s, group, user, true);

	return c == DB_OK ? store_news_again(s, group, kind, user) : c;
}

/* The name is taken. It may be this user's own group, asked for again in the same words: who
 * asks for a private one must not be told that a public one is it. */
static enum db_class
group_created_before(struct store *s, struct group_op *op)
{
	enum conv_standing standing = CONV_STRANGER;
	uint64_t id = 0, creator = 0;
	enum db_class c;

	c = store_query_row(s, store_query(s, "SELECT id, creator FROM chat_groups"
	    " WHERE name = ? AND public = ? AND topic = ?", "tnt", op->new.name,
	    (uint64_t)op->new.is_public, op->new.topic), 2, &id, &creator);
	if (c != DB_OK && c != DB_DONE)
		return c;
	if (creator == op->user && (c = store_cache_standing(s, id, op->user, &standing)) != DB_OK)
		return c;
	if (standing == CONV_OWNER)
		return group_load_joined(s, op, id, store_group_joined_before(s, id, op->user,
		    KITH__V1__EVENT_KIND__GROUP_CREATED));
	op->err = KITH_E_NAME_TAKEN;
	return DB_OK;
}

static enum db_class
group_create_work(struct store *s, void *arg)
{
	struct group_op *op = arg;
	uint32_t groups = 0;
	enum db_class c;
	uint64_t id;

	op->err = KITH_E_OK;
	if ((c = store_conversation_groups(s, op->user, &groups)) != DB_OK)
		return c;
	if (groups >= GROUPS_PER_USER_MAX) {
		op->err = KITH_E_TOO_MANY;
		return DB_OK;
	}
	if ((c = store_group_insert(s, &op->new, &id)) == DB_DUPLICATE)
		return group_created_before(s, op);
	if (c == DB_OK)
		c = store_group_add_member(s, id, op->user, KITH__V1__EVENT_KIND__GROUP_CREATED,
		    KITH__V1__ROLE__OWNER, op->new.name);
	return group_load_joined(s, op, id, c);
}

void
store_group_create(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	const Kith__V1__CreateGroup *m = r->create_group;
	struct group_op op = { .head = h, .user = h->user[0],
		.new = { .topic = m->topic, .is_public = m->public_, .creator = h->user[0] } };

	int rc = name_prepare(m->name, strlen(m->name), op.new.name);
	char why[NAME_WHY_MAX];

	if (rc == 0)
		rc = name_skeleton(op.new.name, op.new.skeleton, sizeof(op.new.skeleton));
	if (strlen(m->topic) > TOPIC_BYTES_MAX)
		op.err = KITH_E_TOO_LARGE;
	else if (!name_is_line(m->topic, strlen(m->topic)))
		op.err = KITH_E_BAD_REQUEST;
	else if (rc < 0)
		op.err = rc == -ENAMETOOLONG ? KITH_E_NAME_TOO_LONG : KITH_E_NAME_INVALID;
	if (op.err == KITH_E_NAME_INVALID) {
		name_explain(m->name, strlen(m->name), why);
		store_reply_error_text(s, h, op.err, why);
	} else if (op.err != KITH_E_OK) {
		store_reply_error(s, h, op.err);
	} else {
		group_answer_joined(s, &op, store_transact(s, group_create_work, &op));
	}
}

/* -- join ----------------------------------------------------------------- */

static enum db_class
delete_invitation(struct store *s, uint64_t group, uint64_t user)
{
	store_cache_forget_standing(s, group, user);
	return store_query_run(s, store_query(s, "DELETE FROM members"
	    " WHERE conversation = ? AND user = ? AND since_seq = 0", "nn", group, user));
}

/* The limits of joining, which cost two counts. */
static enum db_class
group_may_join(struct store *s, struct group_op *op, struct store_place *place)
{
	struct conv_user who = { .standing = place->standing };
	enum db_class c;

	c = store_conversation_members(s, place->conversation, &place->object.members);
	if (c == DB_OK)
		c = store_conversation_groups(s, op->user, &who.groups);
	if (c != DB_OK)
		return c;
	op->err = conv_may(&who, CONV_JOIN, &place->object);
	return DB_OK;
}

/* A user who joins a group that all have left owns it. Nobody owns the lobby. */
static Kith__V1__Role
role_of_joiner(const struct store *s, const struct store_place *place)
{
	return place->object.members == 0 && place->conversation != s->writer->lobby ?
	    KITH__V1__ROLE__OWNER : KITH__V1__ROLE__MEMBER;
}

static enum db_class
group_join_work(struct store *s, void *arg)
{
	struct group_op *op = arg;
	struct store_place place;
	enum db_class c;

	c = store_target_find(s, op->user, &op->target, CONV_JOIN, &place, &op->err);
	if (c != DB_OK || op->err != KITH_E_OK)
		return c;
	if (place.standing >= CONV_MEMBER)
		return group_load_joined(s, op, place.conversation, store_group_joined_before(s,
		    place.conversation, op->user, KITH__V1__EVENT_KIND__JOINED));
	if ((c = group_may_join(s, op, &place)) != DB_OK || op->err != KITH_E_OK)
		return c;
	if ((c = delete_invitation(s, place.conversation, op->user)) == DB_OK)
		c = store_group_add_member(s, place.conversation, op->user,
		    KITH__V1__EVENT_KIND__JOINED, role_of_joiner(s, &place), "");
	return group_load_joined(s, op, place.conversation, c);
}

void
store_group_join(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct group_op op = { .head = h, .user = h->user[0] };

	if ((op.err = store_target_read(r->join_group->target, &op.target)) != KITH_E_OK)
		store_reply_error(s, h, op.err);
	else
		group_answer_joined(s, &op, store_transact(s, group_join_work, &op));
}

/* -- leave ---------------------------------------------------------------- */

/* When the last owner leaves, the longest member becomes owner. */
static enum db_class
group_pass_on(struct store *s, uint64_t group)
{
	uint64_t heir = 0, role = 0;
	enum db_class c;

	c = store_query_row(s, store_query(s, "SELECT user, role FROM members"
	    " WHERE conversation = ? AND until_seq IS NULL"
	    " ORDER BY CASE WHEN role = ? THEN 0 ELSE 1 END, since_seq LIMIT 1", "nn", group,
	    (uint64_t)KITH__V1__ROLE__OWNER), 2, &heir, &role);
	if (c == DB_DONE)
		return DB_OK;
	if (c != DB_OK || role == KITH__V1__ROLE__OWNER || group == s->writer->lobby)
		return c;
	store_cache_forget_standing(s, group, heir);
	return store_query_run(s, store_query(s, "UPDATE members SET role = ?"
	    " WHERE conversation = ? AND user = ? AND until_seq IS NULL", "nnn",
	    (uint64_t)KITH__V1__ROLE__OWNER, group, heir));
}

static enum db_class
leave_group(struct store *s, uint64_t group, uint64_t user)
{
	enum db_class c;
	uint64_t seq;

	c = store_group_put_event(s, group, KITH__V1__EVENT_KIND__LEFT, user, 0, "", &seq);
	if (c == DB_OK)
		c = store_query_run(s, store_query(s, "UPDATE members SET until_seq = ?"
		    " WHERE conversation = ? AND user = ? AND until_seq IS NULL", "nnn", seq,
		    group, user));
	return c == DB_OK ? store_news_member(s, group, user, false) : c;
}

static enum db_class
group_leave_work(struct store *s, void *arg)
{
	struct group_op *op = arg;
	struct store_place place;
	enum db_class c;

	c = store_target_find(s, op->user, &op->target, CONV_LEAVE, &place, &op->err);
	if (c != DB_OK || op->err != KITH_E_OK)
		return c;
	switch (place.standing) {
	case CONV_INVITED:		/* declined */
		return delete_invitation(s, place.conversation, op->user);
	case CONV_OWNER:
		c = leave_group(s, place.conversation, op->user);
		return c == DB_OK ? group_pass_on(s, place.conversation) : c;
	case CONV_MEMBER:
		return leave_group(s, place.conversation, op->user);
	default:			/* left already: a repetition */
		c = store_news_again(s, place.conversation, KITH__V1__EVENT_KIND__LEFT, op->user);
		return c == DB_OK ? store_news_member(s, place.conversation, op->user, false) : c;
	}
}

void
store_group_leave(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct group_op op = { .head = h, .user = h->user[0] };

	if ((op.err = store_target_read(r->leave_group->target, &op.target)) != KITH_E_OK)
		store_reply_error(s, h, op.err);
	else
		group_answer(s, &op, store_transact(s, group_leave_work, &op));
}

/* -- invite --------------------------------------------------------------- */

/* The group's log says who was invited; the direct log holds the invitation. */
static enum db_class
put_invitation(struct store *s, const struct group_op *op, uint64_t group, uint64_t invited)
{
	uint64_t direct = conv_direct(op->user, invited), seq;
	struct store_name name;
	enum db_class c;

	store_cache_forget_standing(s, group, invited);
	c = store_query_run(s, store_query(s, db_sql(s->db, DB_SQL_INVITE_ADD), "nnn", group,
	    invited, (uint64_t)KITH__V1__ROLE__NOBODY));
	if (c == DB_OK)
		c = store_cache_group(s, group, &name);
	if (c == DB_OK)
		c = store_group_put_event(s, group, KITH__V1__EVENT_KIND__INVITED, op->user,
		    invited, "", &seq);
	if (c == DB_OK)
		c = store_group_put_event(s, direct, KITH__V1__EVENT_KIND__INVITATION, op->user,
		    0, name.name, &seq);
	return c == DB_OK && seq == 1 ? store_event_add_direct_members(s, direct) : c;
}

/* Invited already: nothing is stored again. */
static enum db_class
group_invited_before(struct store *s, const struct group_op *op, uint64_t group,
    uint64_t invited)
{
	enum db_class c = store_news_again(s, group, KITH__V1__EVENT_KIND__INVITED, op->user);

	return c != DB_OK ? c : store_news_again(s, conv_direct(op->user, invited),
	    KITH__V1__EVENT_KIND__INVITATION, op->user);
}

static enum db_class
group_invite_work(struct store *s, void *arg)
{
	struct group_op *op = arg;
	enum conv_standing standing;
	struct store_place place;
	struct store_name invited;
	enum db_class c;

	c = store_target_find(s, op->user, &op->target, CONV_INVITE, &place, &op->err);
	if (c != DB_OK || op->err != KITH_E_OK)
		return c;
	c = store_cache_user_named(s, op->invited.name, &invited);
	if (c == DB_DONE || (c == DB_OK && invited.flag)) {
		op->err = KITH_E_NO_SUCH_USER;
		return DB_OK;
	}
	if (c != DB_OK)
		return c;
	if ((c = store_cache_standing(s, place.conversation, invited.id, &standing)) != DB_OK)
		return c;
	if (standing >= CONV_MEMBER)
		return DB_OK;
	if (standing == CONV_INVITED)
		return group_invited_before(s, op, place.conversation, invited.id);
	return put_invitation(s, op, place.conversation, invited.id);
}

void
store_group_invite(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct group_op op = { .head = h, .user = h->user[0] };
	Kith__V1__Target user = KITH__V1__TARGET__INIT;

	user.to_case = KITH__V1__TARGET__TO_USER;
	user.user = r->invite_to_group->user;
	if ((op.err = store_target_read(r->invite_to_group->target, &op.target)) != KITH_E_OK ||
	    (op.err = store_target_read(&user, &op.invited)) != KITH_E_OK)
		store_reply_error(s, h, op.err);
	else
		group_answer(s, &op, store_transact(s, group_invite_work, &op));
}
