/*
 * store.c - the handle of a store role and the connection under it.
 */
#include "server/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/wire.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/store/store_cache.h"

#define ERR_MAX		512u

char store_empty[] = "";

int
store_init(struct store *s, struct proc *p, const struct store_hooks *hooks)
{
	memset(s, 0, sizeof(*s));
	s->p = p;
	s->hooks = hooks;
	if ((s->cache = store_cache_create()) == NULL ||
	    unpackmem_init(&s->mem, UNPACK_BYTES_MAX) < 0)
		return -ENOMEM;
	return 0;
}

void
store_fini(struct store *s)
{
	db_close(s->db);
	store_cache_destroy(s->cache);
	unpackmem_fini(&s->mem);
}

enum kith_err
store_unpack_request(struct store *s, const uint8_t *body, uint32_t len, Kith__V1__Request **out)
{
	ProtobufCMessage *msg;
	enum kith_err e = wire_unpack(&kith__v1__request__descriptor, body, len, &s->mem, NULL,
	    &msg);

	if (e == KITH_E_OK)
		*out = (Kith__V1__Request *)msg;
	return e;
}

enum kith_err
store_err(enum db_class c)
{
	switch (c) {
	case DB_OK:
	case DB_DONE:
		return KITH_E_OK;
	case DB_LOST:
	case DB_RETRY:
	case DB_FULL:
		return KITH_E_UNAVAILABLE;
	default:
		return KITH_E_INTERNAL;
	}
}

/* -- connection ----------------------------------------------------------- */

void
store_disconnect(struct store *s)
{
	db_close(s->db);
	s->db = NULL;
	store_cache_clear(s->cache);
}

static void
connect_failed(struct store *s, bool fatal, const char *err)
{
	store_disconnect(s);
	s->retry_at = proc_now_ms() + STORE_RETRY_MS;
	if (fatal && !s->connected_once) {
		log_error(0, "db.refused", "reason=\"%s\"", err);
		exit(PROC_EX_CONFIG);
	}
	if (!s->away)
		log_error(0, "db.away", "reason=\"%s\"", err);
	s->away = true;
}

enum db_class
store_connect(struct store *s)
{
	char err[ERR_MAX] = "";
	bool fatal = false;

	if (s->db != NULL)
		return DB_OK;
	if (proc_now_ms() < s->retry_at)
		return DB_LOST;
	s->db = db_open(s->p->conf, s->hooks != NULL, &fatal, err, sizeof(err));
	if (s->db == NULL || (s->hooks != NULL &&
	    s->hooks->prepare(s, err, sizeof(err), &fatal) < 0)) {
		connect_failed(s, fatal, err);
		return DB_LOST;
	}
	stats_add(s->p->stats, STAT_db_connects, 1);
	log_info(0, "db.connected", "database=%s", s->p->conf->database);
	s->away = false;
	s->connected_once = true;
	return DB_OK;
}

void
store_tend(struct store *s)
{
	if (s->db == NULL)
		store_connect(s);
	else if (db_tend(s->db) == DB_LOST)
		store_disconnect(s);
}
