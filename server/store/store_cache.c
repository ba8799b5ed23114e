/*
 * store_cache.c - names and standing, kept in arrays of places.
 */
#include "server/store/store_cache.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/hash.h"
#include "protocol/conversation.pb-c.h"
#include "server/store/store.h"

#define NAME_PLACES	4096u		/* powers of two */
#define STANDING_PLACES	32768u

enum name_kind { USERS, GROUPS, NAME_KINDS };

struct standing {
	uint64_t		group, user;	/* group 0: free */
	enum conv_standing	standing;
};

struct store_cache {
	struct store_name	by_id[NAME_KINDS][NAME_PLACES];		/* id 0: free */
	struct store_name	by_name[NAME_KINDS][NAME_PLACES];
	struct standing		standing[STANDING_PLACES];
};

static const struct {
	const char	*by_id, *by_name;
} queries[NAME_KINDS] = {
	[USERS] = {
		"SELECT id, name, disabled FROM accounts WHERE id = ?",
		"SELECT id, name, disabled FROM accounts WHERE name = ?",
	},
	[GROUPS] = {
		"SELECT id, name, public FROM chat_groups WHERE id = ?",
		"SELECT id, name, public FROM chat_groups WHERE name = ?",
	},
};

struct store_cache *
store_cache_create(void)
{
	return calloc(1, sizeof(struct store_cache));
}

void
store_cache_destroy(struct store_cache *c)
{
	free(c);
}

void
store_cache_clear(struct store_cache *c)
{
	memset(c, 0, sizeof(*c));
}

static unsigned
mix(uint64_t key)
{
	return (unsigned)(hash_mix(key) >> 40);
}

static struct store_name *
place_of_id(struct store_cache *c, enum name_kind kind, uint64_t id)
{
	return &c->by_id[kind][mix(id) & (NAME_PLACES - 1)];
}

static struct store_name *
place_of_name(struct store_cache *c, enum name_kind kind, const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return &c->by_name[kind][mix(h) & (NAME_PLACES - 1)];
}

/* Runs a bound query of (id, name, flag); keeps what it finds. */
static enum db_class
load_name(struct store *s, enum name_kind kind, struct db_stmt *st, struct store_name *out)
{
	enum db_class c;
	size_t len;
	const char *name;

	if ((c = db_step(st)) != DB_ROW) {
		db_reset(st);
		return c;
	}
	memset(out, 0, sizeof(*out));
	out->id = (uint64_t)db_int(st, 0);
	out->flag = db_int(st, 2) != 0;
	name = db_bytes(st, 1, &len);
	memcpy(out->name, name, len < sizeof(out->name) ? len : sizeof(out->name) - 1);
	db_reset(st);
	*place_of_id(s->cache, kind, out->id) = *out;
	*place_of_name(s->cache, kind, out->name) = *out;
	return DB_OK;
}

static enum db_class
find_id(struct store *s, enum name_kind kind, uint64_t id, struct store_name *out)
{
	const struct store_name *place = place_of_id(s->cache, kind, id);
	struct db_stmt *st;

	if (id == 0 || id > INT64_MAX)
		return DB_DONE;
	if (place->id == id) {
		*out = *place;
		return DB_OK;
	}
	if ((st = store_stmt(s, queries[kind].by_id, 1, id)) == NULL)
		return db_class(s->db);
	return load_name(s, kind, st, out);
}

static enum db_class
find_name(struct store *s, enum name_kind kind, const char *name, struct store_name *out)
{
	const struct store_name *place = place_of_name(s->cache, kind, name);
	struct db_stmt *st;

	if (place->id != 0 && strcmp(place->name, name) == 0) {
		*out = *place;
		return DB_OK;
	}
	if ((st = db_stmt(s->db, queries[kind].by_name)) == NULL)
		return db_class(s->db);
	db_bind_bytes(st, 0, name, strlen(name));
	return load_name(s, kind, st, out);
}

enum db_class
store_user(struct store *s, uint64_t id, struct store_name *out)
{
	return find_id(s, USERS, id, out);
}

enum db_class
store_user_named(struct store *s, const char *name, struct store_name *out)
{
	return find_name(s, USERS, name, out);
}

enum db_class
store_group(struct store *s, uint64_t id, struct store_name *out)
{
	return find_id(s, GROUPS, id, out);
}

enum db_class
store_group_named(struct store *s, const char *name, struct store_name *out)
{
	return find_name(s, GROUPS, name, out);
}

/* The rows come by rising since_seq: an invitation, then intervals; the open one is the last. */
static enum db_class
load_standing(struct store *s, uint64_t group, uint64_t user, enum conv_standing *out)
{
	struct db_stmt *st = store_stmt(s,
	    "SELECT since_seq, until_seq, role FROM members WHERE conversation = ? AND user = ?"
	    " ORDER BY since_seq", 2, group, user);
	bool invited = false, former = false;
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	*out = CONV_STRANGER;
	while ((c = db_step(st)) == DB_ROW) {
		if (db_int(st, 0) == 0)
			invited = true;
		else if (!db_null(st, 1))
			former = true;
		else
			*out = db_int(st, 2) == KITH__V1__ROLE__OWNER ? CONV_OWNER : CONV_MEMBER;
	}
	db_reset(st);
	if (c == DB_DONE && *out == CONV_STRANGER && (invited || former))
		*out = invited ? CONV_INVITED : CONV_FORMER;
	return c == DB_DONE ? DB_OK : c;
}

static struct standing *
place_of_standing(struct store_cache *c, uint64_t group, uint64_t user)
{
	return &c->standing[mix(group * 0x10001 + user) & (STANDING_PLACES - 1)];
}

enum db_class
store_standing(struct store *s, uint64_t group, uint64_t user, enum conv_standing *out)
{
	struct standing *place = place_of_standing(s->cache, group, user);
	enum db_class c;

	if (!s->writer)
		return load_standing(s, group, user, out);
	if (place->group == group && place->user == user) {
		*out = place->standing;
		return DB_OK;
	}
	if ((c = load_standing(s, group, user, out)) == DB_OK)
		*place = (struct standing){ group, user, *out };
	return c;
}

/* Rare, and its two copies may have been kept at different times: so all are looked at. */
void
store_forget_user(struct store *s, uint64_t id)
{
	for (unsigned i = 0; i < NAME_PLACES; i++) {
		if (s->cache->by_id[USERS][i].id == id)
			s->cache->by_id[USERS][i].id = 0;
		if (s->cache->by_name[USERS][i].id == id)
			s->cache->by_name[USERS][i].id = 0;
	}
}

void
store_forget_standing(struct store *s, uint64_t group, uint64_t user)
{
	struct standing *place = place_of_standing(s->cache, group, user);

	if (place->group == group && place->user == user)
		place->group = 0;
}
