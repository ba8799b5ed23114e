/*
 * store.c - the handle of a store role and the connection under it.
 */
#include "server/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/wire.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/proc/proc_health.h"
#include "server/store/store_cache.h"
#include "server/store/store_health.h"

#define ERR_MAX		1024u
#define UNSAFE_RETRY_MS	1000u
#define CONNECT_LOG_MS	10000u		/* a lost connection is logged so often */

char store_empty[] = "";

int
store_init(struct store *s, struct proc *p, const struct store_hooks *hooks)
{
	memset(s, 0, sizeof(*s));
	s->p = p;
	s->hooks = hooks;
	atomic_store(&p->shared->slots[p->slot].health, PROC_HEALTH_STARTING);
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
	case DB_UNSAFE:
	case DB_RETRY:
	case DB_FULL:
	case DB_READONLY:
	case DB_BROKEN:
		return KITH_E_UNAVAILABLE;
	default:
		return KITH_E_INTERNAL;
	}
}

/* -- connection ----------------------------------------------------------- */

/* After DB_UNSAFE all processes must have closed the old files before one opens the new ones. */
void
store_disconnect(struct store *s)
{
	if (s->db != NULL && db_class(s->db) == DB_UNSAFE)
		s->retry_at = clock_now_ms() + UNSAFE_RETRY_MS;
	db_close(s->db);
	s->db = NULL;
	store_cache_clear(s->cache);
}

/* What the first start finds wrong was configured so. Later it is an outage, which passes. */
static bool
is_first_start(const struct store *s)
{
	return !s->connected_once &&
	    atomic_load(&s->p->shared->slots[s->p->slot].was_ready) == 0;
}

/* Those who started kithd were told that it runs, and would not learn of its end. */
static bool
start_was_told(const struct store *s)
{
	return atomic_load(&s->p->shared->slots[0].was_ready) != 0;
}

/* The tables that a reader needs may be missing or old until the writer has looked. */
static bool
awaits_writer(const struct store *s)
{
	unsigned writer = s->p->shared->first[ROLE_WRITER];

	return s->hooks == NULL && is_first_start(s) &&
	    atomic_load(&s->p->shared->slots[writer].ready) == 0;
}

static void
connect_failed(struct store *s, bool fatal, const char *err)
{
	store_disconnect(s);
	if (s->retry_at < clock_now_ms() + STORE_RETRY_MS)
		s->retry_at = clock_now_ms() + STORE_RETRY_MS;
	if (fatal && is_first_start(s) && !start_was_told(s)) {
		log_error(0, "db.refused", "reason=\"%s\"", err);
		exit(PROC_EX_CONFIG);
	}
	if (fatal)
		store_health_refused(s, err);
	else
		store_health_failed(s, DB_LOST, err);
	s->away = true;
}

/* Messages that were acknowledged are in the database that this run of kithd began with. Another
 * one in its place may lack them, so only a start takes it over. */
static struct db *
open_known(const struct store *s, bool *fatal, char *err, size_t errlen)
{
	struct proc_slot *writer = &s->p->shared->slots[s->p->shared->first[ROLE_WRITER]];
	uint64_t id[2] = { 0, atomic_load(&writer->database[1]) };
	struct db *d;

	id[0] = atomic_load(&writer->database[0]);
	d = db_open(s->p->conf, s->hooks != NULL, id, fatal, err, errlen);
	if (d != NULL && id[1] == 0 && s->hooks != NULL) {
		db_identity(d, id);
		atomic_store(&writer->database[0], id[0]);
		atomic_store(&writer->database[1], id[1]);
	}
	return d;
}

static void
note_connected(struct store *s)
{
	uint64_t now = clock_now_ms();

	stats_add(s->p->stats, STAT_db_connects, 1);
	if (!s->connected_once || now - s->connect_logged_at >= CONNECT_LOG_MS) {
		log_info(0, "db.connected", "database=%s", s->p->conf->database);
		s->connect_logged_at = now;
	}
	if (is_first_start(s) && db_dropped(s->db) > 0)
		log_warn(0, "db.dropped", "pages=%u reason=\"the end of kith.db-wal was damaged or "
		    "incomplete\" effect=\"what was stored last is missing\"", db_dropped(s->db));
	s->away = false;
	s->connected_once = true;
}

enum db_class
store_connect(struct store *s)
{
	char err[ERR_MAX] = "";
	bool fatal = false;

	if (s->db != NULL)
		return DB_OK;
	if (clock_now_ms() < s->retry_at)
		return DB_LOST;
	if (awaits_writer(s)) {
		connect_failed(s, false, "the writer has no database yet");
		return DB_LOST;
	}
	s->db = open_known(s, &fatal, err, sizeof(err));
	if (s->db == NULL || (s->hooks != NULL &&
	    s->hooks->prepare(s, err, sizeof(err), &fatal) < 0)) {
		connect_failed(s, fatal, err);
		return DB_LOST;
	}
	note_connected(s);
	return DB_OK;
}

bool
store_serves(struct proc *p)
{
	return !is_first_start(p->state);
}
