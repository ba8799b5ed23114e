/*
 * store_cache.c - names and standing, kept in arrays of places.
 */
#include "server/store/store_cache.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/hash.h"
#include "protocol/conversation.pb-c.h"
#include "server/store/store_int.h"
#include "server/store/store_query.h"

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
} name_queries[NAME_KINDS] = {
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
cache_mix(uint64_t key)
{
	return (unsigned)(hash_mix(key) >> 40);
}

static struct store_name *
place_of_id(struct store_cache *c, enum name_kind kind, uint64_t id)
{
	return &c->by_id[kind][cache_mix(id) & (NAME_PLACES - 1)];
}

static struct store_name *
place_of_name(struct store_cache *c, enum name_kind kind, const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return &c->by_name[kind][cache_mix(h) & (NAME_PLACES - 1)];
}

/* Runs a query of (id, name, flag); keeps what it finds. */
static enum db_class
cache_load_name(struct store *s, enum name_kind kind, struct db_stmt *st, struct store_name *out)
{
	enum db_class c = store_query_next(s, st);

	if (c == DB_ROW) {
		memset(out, 0, sizeof(*out));
		out->id = (uint64_t)db_int(st, 0);
		store_query_copy(st, 1, out->name, sizeof(out->name));
		out->flag = db_int(st, 2) != 0;
	}
	if (st != NULL)
		db_reset(st);
	if (c != DB_ROW)
		return c;
	*place_of_id(s->cache, kind, out->id) = *out;
	*place_of_name(s->cache, kind, out->name) = *out;
	return DB_OK;
}

static enum db_class
cache_find_id(struct store *s, enum name_kind kind, uint64_t id, struct store_name *out)
{
	const struct store_name *place = place_of_id(s->cache, kind, id);

	if (id == 0 || id > INT64_MAX)
		return DB_DONE;
	if (place->id == id) {
		*out = *place;
		return DB_OK;
	}
	return cache_load_name(s, kind, store_query(s, name_queries[kind].by_id, "n", id), out);
}

static enum db_class
cache_find_name(struct store *s, enum name_kind kind, const char *name, struct store_name *out)
{
	const struct store_name *place = place_of_name(s->cache, kind, name);

	if (place->id != 0 && strcmp(place->name, name) == 0) {
		*out = *place;
		return DB_OK;
	}
	return cache_load_name(s, kind, store_query(s, name_queries[kind].by_name, "t", name), out);
}

enum db_class
store_cache_user(struct store *s, uint64_t id, struct store_name *out)
{
	return cache_find_id(s, USERS, id, out);
}

enum db_class
store_cache_user_named(struct store *s, const char *name, struct store_name *out)
{
	return cache_find_name(s, USERS, name, out);
}

enum db_class
store_cache_group(struct store *s, uint64_t id, struct store_name *out)
{
	return cache_find_id(s, GROUPS, id, out);
}

enum db_class
store_cache_group_named(struct store *s, const char *name, struct store_name *out)
{
	return cache_find_name(s, GROUPS, name, out);
}

/* Rows by rising since_seq: an invitation, then intervals, the open one last. */
static enum db_class
cache_load_standing(struct store *s, uint64_t group, uint64_t user, enum conv_standing *out)
{
	struct db_stmt *st = store_query(s,
	    "SELECT since_seq, until_seq, role FROM members WHERE conversation = ? AND user = ?"
	    " ORDER BY since_seq", "nn", group, user);
	bool invited = false, former = false;
	enum db_class c;

	*out = CONV_STRANGER;
	while ((c = store_query_next(s, st)) == DB_ROW) {
		if (db_int(st, 0) == 0)
			invited = true;
		else if (!db_null(st, 1))
			former = true;
		else
			*out = db_int(st, 2) == KITH__V1__ROLE__OWNER ? CONV_OWNER : CONV_MEMBER;
	}
	if (*out == CONV_STRANGER && (invited || former))
		*out = invited ? CONV_INVITED : CONV_FORMER;
	return store_query_end(st, c);
}

static struct standing *
place_of_standing(struct store_cache *c, uint64_t group, uint64_t user)
{
	return &c->standing[cache_mix(group * 0x10001 + user) & (STANDING_PLACES - 1)];
}

enum db_class
store_cache_standing(struct store *s, uint64_t group, uint64_t user, enum conv_standing *out)
{
	struct standing *place = place_of_standing(s->cache, group, user);
	enum db_class c;

	if (s->writer == NULL)
		return cache_load_standing(s, group, user, out);
	if (place->group == group && place->user == user) {
		*out = place->standing;
		return DB_OK;
	}
	if ((c = cache_load_standing(s, group, user, out)) == DB_OK)
		*place = (struct standing){ group, user, *out };
	return c;
}

/* All places are searched: the two copies may be from different times. It is rare. */
void
store_cache_forget_user(struct store *s, uint64_t id)
{
	for (unsigned i = 0; i < NAME_PLACES; i++) {
		if (s->cache->by_id[USERS][i].id == id)
			s->cache->by_id[USERS][i].id = 0;
		if (s->cache->by_name[USERS][i].id == id)
			s->cache->by_name[USERS][i].id = 0;
	}
}

void
store_cache_forget_standing(struct store *s, uint64_t group, uint64_t user)
{
	struct standing *place = place_of_standing(s->cache, group, user);

	if (place->group == group && place->user == user)
		place->group = 0;
}
