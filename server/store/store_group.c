/*
 * store_group.c - groups: create, join, leave, invite; the lobby.
 */
#include "server/store/store_group.h"

#include <inttypes.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/rules/name.h"
#include "server/store/store_cache.h"
#include "server/store/store_list.h"

struct op {				/* one request, over all attempts */
	const struct ipc_head	*head;
	uint64_t		 user;
	struct store_target	 target;
	enum kith_err		 err;
	struct store_conversation conv;		/* join, create: what is answered */
	/* create */
	char			 name[NAME_BYTES_MAX + 1], skeleton[NAME_SKELETON_MAX];
	const char		*topic;
	bool			 is_public;
	/* invite */
	struct store_target	 invited;
};

static void
answer(struct store *s, const struct op *op, enum db_class c)
{
	enum kith_err e = c == DB_OK || c == DB_DONE ? op->err : store_err(c);

	if (e != KITH_E_OK)
		store_reply_error(s, op->head, e);
	else
		store_reply_done(s, op->head);
}

static void
answer_joined(struct store *s, struct op *op, enum db_class c)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Joined m = KITH__V1__JOINED__INIT;

	if (c != DB_OK || op->err != KITH_E_OK) {
		answer(s, op, c);
		return;
	}
	m.conversation = &op->conv.msg;
	r.body_case = KITH__V1__REPLY__BODY_JOINED;
	r.joined = &m;
	store_reply(s, op->head, &r);
}

/* What is answered to who is now in it; `c` is what came before. */
static enum db_class
load_joined(struct store *s, struct op *op, uint64_t group, enum db_class c)
{
	if (c != DB_OK)
		return c;
	if ((c = store_load_conversation(s, op->user, group, &op->conv)) != DB_OK)
		return c;
	return store_count_members(s, group, &op->conv.msg.members);
}

/*
 * Create.
 */

static enum db_class
insert_group(struct store *s, const struct op *op, uint64_t *id)
{
	struct db_stmt *st = db_stmt(s->db, "INSERT INTO chat_groups"
	    " (name, skeleton, topic, public, created_ms, creator) VALUES (?, ?, ?, ?, ?, ?)");
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	db_bind_bytes(st, 0, op->name, strlen(op->name));
	db_bind_bytes(st, 1, op->skeleton, strlen(op->skeleton));
	db_bind_bytes(st, 2, op->topic, strlen(op->topic));
	db_bind_int(st, 3, op->is_public);
	db_bind_int(st, 4, (int64_t)clock_utc_ms());
	db_bind_int(st, 5, (int64_t)op->user);
	if ((c = store_exec(s, st)) == DB_OK)
		*id = (uint64_t)db_last_id(s->db);
	return c;
}

static enum db_class
insert_member(struct store *s, uint64_t group, uint64_t user, uint64_t since, Kith__V1__Role role)
{
	enum db_class c = store_exec(s, store_stmt(s, db_sql(s->db, DB_SQL_MEMBER_ADD), 4, group,
	    user, since, (uint64_t)role));

	if (c == DB_OK)
		store_news_member(s, group, user, true);
	return c;
}

static enum db_class
put_group_event(struct store *s, uint64_t group, Kith__V1__EventKind kind, uint64_t sender,
    uint64_t subject, const char *text, uint64_t *seq)
{
	struct db_event e = { .conversation = group, .sender = sender, .subject = subject,
		.kind = kind, .body = text, .len = (uint32_t)strlen(text) };
	enum db_class c = store_news_event(s, &e);

	*seq = e.seq;
	return c;
}

static enum db_class
join_as(struct store *s, uint64_t group, uint64_t user, Kith__V1__EventKind kind,
    Kith__V1__Role role, const char *text)
{
	struct store_news first;
	enum db_class c;
	uint64_t seq;

	if ((c = put_group_event(s, group, kind, user, 0, text, &seq)) != DB_OK ||
	    (c = insert_member(s, group, user, seq, role)) != DB_OK)
		return c;
	/* The new member's workers follow the group before its event comes. */
	first = s->news[s->nnews - 2];
	s->news[s->nnews - 2] = s->news[s->nnews - 1];
	s->news[s->nnews - 1] = first;
	return DB_OK;
}

/* In already. The worker may not have been told, so it is told again. */
static enum db_class
joined_before(struct store *s, uint64_t group, uint64_t user, Kith__V1__EventKind kind)
{
	store_news_member(s, group, user, true);
	return store_news_again(s, group, kind, user);
}

/* The name stands: harmless if it is this user's own group, asked for again. */
static enum db_class
created_before(struct store *s, struct op *op)
{
	struct db_stmt *st = db_stmt(s->db, "SELECT id, creator FROM chat_groups WHERE name = ?");
	enum conv_standing standing = CONV_STRANGER;
	uint64_t id = 0;
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	db_bind_bytes(st, 0, op->name, strlen(op->name));
	if ((c = db_step(st)) == DB_ROW && (uint64_t)db_int(st, 1) == op->user)
		id = (uint64_t)db_int(st, 0);
	db_reset(st);
	if (c != DB_ROW && c != DB_DONE)
		return c;
	if (id != 0 && (c = store_standing(s, id, op->user, &standing)) != DB_OK)
		return c;
	if (standing == CONV_OWNER)
		return load_joined(s, op, id, joined_before(s, id, op->user,
		    KITH__V1__EVENT_KIND__GROUP_CREATED));
	op->err = KITH_E_NAME_TAKEN;
	return DB_OK;
}

static enum db_class
create_work(struct store *s, void *arg)
{
	struct op *op = arg;
	uint32_t groups = 0;
	enum db_class c;
	uint64_t id;

	op->err = KITH_E_OK;
	if ((c = store_count_groups(s, op->user, &groups)) != DB_OK)
		return c;
	if (groups >= GROUPS_PER_USER_MAX) {
		op->err = KITH_E_TOO_MANY;
		return DB_OK;
	}
	if ((c = insert_group(s, op, &id)) == DB_DUPLICATE)
		return created_before(s, op);
	if (c == DB_OK)
		c = join_as(s, id, op->user, KITH__V1__EVENT_KIND__GROUP_CREATED,
		    KITH__V1__ROLE__OWNER, op->name);
	return load_joined(s, op, id, c);
}

void
store_group_create(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	const Kith__V1__CreateGroup *m = r->create_group;
	struct op op = { .head = h, .user = h->user[0], .topic = m->topic,
		.is_public = m->public_ };

	if (strlen(m->topic) > TOPIC_BYTES_MAX)
		op.err = KITH_E_TOO_LARGE;
	else if (name_prepare(m->name, strlen(m->name), op.name) < 0 ||
	    name_skeleton(op.name, op.skeleton, sizeof(op.skeleton)) < 0)
		op.err = KITH_E_NAME_INVALID;
	if (op.err != KITH_E_OK) {
		store_reply_error(s, h, op.err);
		return;
	}
	answer_joined(s, &op, store_transact(s, create_work, &op));
}

/*
 * Join.
 */

static enum db_class
delete_invitation(struct store *s, uint64_t group, uint64_t user)
{
	store_forget_standing(s, group, user);
	return store_exec(s, store_stmt(s, "DELETE FROM members"
	    " WHERE conversation = ? AND user = ? AND since_seq = 0", 2, group, user));
}

/* The limits of joining, which cost two counts. */
static enum db_class
may_join(struct store *s, struct op *op, struct store_place *place)
{
	struct conv_user who = { .standing = place->standing };
	enum db_class c;

	if ((c = store_count_members(s, place->conversation, &place->object.members)) != DB_OK ||
	    (c = store_count_groups(s, op->user, &who.groups)) != DB_OK)
		return c;
	op->err = conv_may(&who, CONV_JOIN, &place->object);
	return DB_OK;
}

/* Who comes into a group that all have left gets it; the lobby stays nobody's. */
static Kith__V1__Role
role_of_joiner(const struct store *s, const struct store_place *place)
{
	return place->object.members == 0 && place->conversation != s->lobby ?
	    KITH__V1__ROLE__OWNER : KITH__V1__ROLE__MEMBER;
}

static enum db_class
join_work(struct store *s, void *arg)
{
	struct op *op = arg;
	struct store_place place;
	enum db_class c;

	c = store_find(s, op->user, &op->target, CONV_JOIN, &place, &op->err);
	if (c != DB_OK || op->err != KITH_E_OK)
		return c;
	if (place.standing >= CONV_MEMBER)
		return load_joined(s, op, place.conversation, joined_before(s, place.conversation,
		    op->user, KITH__V1__EVENT_KIND__JOINED));
	if ((c = may_join(s, op, &place)) != DB_OK || op->err != KITH_E_OK)
		return c;
	if ((c = delete_invitation(s, place.conversation, op->user)) == DB_OK)
		c = join_as(s, place.conversation, op->user, KITH__V1__EVENT_KIND__JOINED,
		    role_of_joiner(s, &place), "");
	return load_joined(s, op, place.conversation, c);
}

void
store_group_join(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct op op = { .head = h, .user = h->user[0] };

	if ((op.err = store_target_read(r->join_group->target, &op.target)) != KITH_E_OK)
		store_reply_error(s, h, op.err);
	else
		answer_joined(s, &op, store_transact(s, join_work, &op));
}

/*
 * Leave.
 */

/* The last owner's leaving makes the longest member owner. */
static enum db_class
pass_on(struct store *s, uint64_t group)
{
	struct db_stmt *st = store_stmt(s, "SELECT user, role FROM members"
	    " WHERE conversation = ? AND until_seq IS NULL"
	    " ORDER BY CASE WHEN role = ? THEN 0 ELSE 1 END, since_seq LIMIT 1", 2, group,
	    (uint64_t)KITH__V1__ROLE__OWNER);
	uint64_t heir = 0;
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW && db_int(st, 1) != KITH__V1__ROLE__OWNER)
		heir = (uint64_t)db_int(st, 0);
	db_reset(st);
	if (c != DB_ROW && c != DB_DONE)
		return c;
	if (heir == 0 || group == s->lobby)
		return DB_OK;
	store_forget_standing(s, group, heir);
	return store_exec(s, store_stmt(s, "UPDATE members SET role = ?"
	    " WHERE conversation = ? AND user = ? AND until_seq IS NULL", 3,
	    (uint64_t)KITH__V1__ROLE__OWNER, group, heir));
}

static enum db_class
leave(struct store *s, uint64_t group, uint64_t user)
{
	enum db_class c;
	uint64_t seq;

	c = put_group_event(s, group, KITH__V1__EVENT_KIND__LEFT, user, 0, "", &seq);
	if (c == DB_OK)
		c = store_exec(s, store_stmt(s, "UPDATE members SET until_seq = ?"
		    " WHERE conversation = ? AND user = ? AND until_seq IS NULL", 3, seq, group,
		    user));
	if (c == DB_OK)
		store_news_member(s, group, user, false);
	return c;
}

static enum db_class
leave_work(struct store *s, void *arg)
{
	struct op *op = arg;
	struct store_place place;
	enum db_class c;

	c = store_find(s, op->user, &op->target, CONV_LEAVE, &place, &op->err);
	if (c != DB_OK || op->err != KITH_E_OK)
		return c;
	switch (place.standing) {
	case CONV_INVITED:		/* declined */
		return delete_invitation(s, place.conversation, op->user);
	case CONV_OWNER:
		c = leave(s, place.conversation, op->user);
		return c == DB_OK ? pass_on(s, place.conversation) : c;
	case CONV_MEMBER:
		return leave(s, place.conversation, op->user);
	default:			/* left already: a repetition */
		c = store_news_again(s, place.conversation, KITH__V1__EVENT_KIND__LEFT, op->user);
		store_news_member(s, place.conversation, op->user, false);
		return c;
	}
}

void
store_group_leave(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct op op = { .head = h, .user = h->user[0] };

	if ((op.err = store_target_read(r->leave_group->target, &op.target)) != KITH_E_OK)
		store_reply_error(s, h, op.err);
	else
		answer(s, &op, store_transact(s, leave_work, &op));
}

/*
 * Invite.
 */

/* The group's log says who was invited; the direct log invites. */
static enum db_class
put_invitation(struct store *s, const struct op *op, uint64_t group, uint64_t invited)
{
	uint64_t direct = conv_direct(op->user, invited), seq;
	struct store_name name;
	enum db_class c;

	store_forget_standing(s, group, invited);
	if ((c = store_exec(s, store_stmt(s, db_sql(s->db, DB_SQL_INVITE_ADD), 3, group, invited,
	    (uint64_t)KITH__V1__ROLE__NOBODY))) != DB_OK ||
	    (c = store_group(s, group, &name)) != DB_OK ||
	    (c = put_group_event(s, group, KITH__V1__EVENT_KIND__INVITED, op->user, invited, "",
	    &seq)) != DB_OK ||
	    (c = put_group_event(s, direct, KITH__V1__EVENT_KIND__INVITATION, op->user, 0,
	    name.name, &seq)) != DB_OK)
		return c;
	return seq == 1 ? store_add_direct_members(s, direct) : DB_OK;
}

/* Once is enough, however often it is asked for. */
static enum db_class
invited_before(struct store *s, const struct op *op, uint64_t group, uint64_t invited)
{
	enum db_class c = store_news_again(s, group, KITH__V1__EVENT_KIND__INVITED, op->user);

	return c != DB_OK ? c : store_news_again(s, conv_direct(op->user, invited),
	    KITH__V1__EVENT_KIND__INVITATION, op->user);
}

static enum db_class
invite_work(struct store *s, void *arg)
{
	struct op *op = arg;
	enum conv_standing standing;
	struct store_place place;
	struct store_name invited;
	enum db_class c;

	c = store_find(s, op->user, &op->target, CONV_INVITE, &place, &op->err);
	if (c != DB_OK || op->err != KITH_E_OK)
		return c;
	c = store_user_named(s, op->invited.name, &invited);
	if (c == DB_DONE || (c == DB_OK && invited.flag)) {
		op->err = KITH_E_NO_SUCH_USER;
		return DB_OK;
	}
	if (c != DB_OK)
		return c;
	if ((c = store_standing(s, place.conversation, invited.id, &standing)) != DB_OK)
		return c;
	if (standing >= CONV_MEMBER)
		return DB_OK;
	if (standing == CONV_INVITED)
		return invited_before(s, op, place.conversation, invited.id);
	return put_invitation(s, op, place.conversation, invited.id);
}

void
store_group_invite(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct op op = { .head = h, .user = h->user[0] };
	Kith__V1__Target user = KITH__V1__TARGET__INIT;

	user.to_case = KITH__V1__TARGET__TO_USER;
	user.user = r->invite_to_group->user;
	if ((op.err = store_target_read(r->invite_to_group->target, &op.target)) != KITH_E_OK ||
	    (op.err = store_target_read(&user, &op.invited)) != KITH_E_OK)
		store_reply_error(s, h, op.err);
	else
		answer(s, &op, store_transact(s, invite_work, &op));
}

/*
 * The lobby.
 */

static enum db_class
make_lobby(struct store *s, struct op *op)
{
	enum db_class c;
	uint64_t seq;

	if ((c = insert_group(s, op, &s->lobby)) == DB_DUPLICATE) {
		log_error(0, "lobby.name", "name=\"%s\" reason=\"looks like another group\"",
		    op->name);
		s->lobby = 0;
		return DB_OK;
	}
	if (c != DB_OK)
		return c;
	return put_group_event(s, s->lobby, KITH__V1__EVENT_KIND__GROUP_CREATED, 0, 0, op->name,
	    &seq);
}

enum db_class
store_group_make_lobby(struct store *s, void *unused)
{
	struct op op = { .topic = "", .is_public = true };
	const char *name = s->p->conf->lobby;
	struct store_name found;
	enum db_class c;

	(void)unused;
	s->lobby = 0;
	if (name == NULL || *name == '\0')
		return DB_OK;
	if (name_prepare(name, strlen(name), op.name) < 0 ||
	    name_skeleton(op.name, op.skeleton, sizeof(op.skeleton)) < 0) {
		log_error(0, "lobby.name", "name=\"%s\" reason=\"not a possible name\"", name);
		return DB_OK;
	}
	if ((c = store_group_named(s, op.name, &found)) == DB_DONE)
		return make_lobby(s, &op);
	if (c == DB_OK && found.flag)
		s->lobby = found.id;
	else if (c == DB_OK)
		log_error(0, "lobby.name", "name=\"%s\" reason=\"a private group\"", op.name);
	return c;
}

/* The same account may come twice, after a lost answer. */
enum db_class
store_group_join_lobby(struct store *s, uint64_t user)
{
	enum conv_standing standing;
	enum db_class c;

	if (s->lobby == 0)
		return DB_OK;
	if ((c = store_standing(s, s->lobby, user, &standing)) != DB_OK)
		return c;
	if (standing >= CONV_MEMBER)
		return joined_before(s, s->lobby, user, KITH__V1__EVENT_KIND__JOINED);
	return join_as(s, s->lobby, user, KITH__V1__EVENT_KIND__JOINED, KITH__V1__ROLE__MEMBER, "");
}
