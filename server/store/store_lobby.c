/*
 * store_lobby.c - the group that every new account joins.
 */
#include "server/store/store_lobby.h"

#include <string.h>

#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/rules/conv.h"
#include "server/store/store_cache.h"
#include "server/store/store_group.h"

static enum db_class
make_lobby(struct store *s, const struct store_group_new *g)
{
	enum db_class c;
	uint64_t seq;

	if ((c = store_group_insert(s, g, &s->writer->lobby)) == DB_DUPLICATE) {
		log_error(0, "lobby.name", "name=\"%s\" reason=\"looks like another group\"",
		    g->name);
		s->writer->lobby = 0;
		return DB_OK;
	}
	if (c != DB_OK)
		return c;
	return store_group_put_event(s, s->writer->lobby, KITH__V1__EVENT_KIND__GROUP_CREATED, 0,
	    0, g->name, &seq);
}

enum db_class
store_lobby_make(struct store *s)
{
	struct store_group_new g = { .topic = "", .is_public = true };
	const char *name = s->p->conf->lobby;
	struct store_name found;
	enum db_class c;

	s->writer->lobby = 0;
	if (name == NULL || *name == '\0')
		return DB_OK;
	if (name_prepare(name, strlen(name), g.name) < 0 ||
	    name_skeleton(g.name, g.skeleton, sizeof(g.skeleton)) < 0) {
		log_error(0, "lobby.name", "name=\"%s\" reason=\"not a possible name\"", name);
		return DB_OK;
	}
	if ((c = store_cache_group_named(s, g.name, &found)) == DB_DONE)
		return make_lobby(s, &g);
	if (c == DB_OK && found.flag)
		s->writer->lobby = found.id;
	else if (c == DB_OK)
		log_error(0, "lobby.name", "name=\"%s\" reason=\"a private group\"", g.name);
	return c;
}

/* The same account may come twice, after a lost answer. */
enum db_class
store_lobby_join(struct store *s, uint64_t user)
{
	enum conv_standing standing;
	enum db_class c;

	if (s->writer->lobby == 0)
		return DB_OK;
	if ((c = store_cache_standing(s, s->writer->lobby, user, &standing)) != DB_OK)
		return c;
	if (standing >= CONV_MEMBER)
		return store_group_joined_before(s, s->writer->lobby, user,
		    KITH__V1__EVENT_KIND__JOINED);
	return store_group_add_member(s, s->writer->lobby, user, KITH__V1__EVENT_KIND__JOINED,
	    KITH__V1__ROLE__MEMBER, "");
}
