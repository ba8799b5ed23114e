/*
 * db.c - what all drivers share: the cache of prepared statements, the last failure.
 */
#include "server/db/db.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/conversation.pb-c.h"
#include "protocol/limits.h"
#include "server/db/db_driver.h"

void
db_close(struct db *d)
{
	if (d == NULL)
		return;
	for (unsigned i = 0; i < DB_STMTS_MAX; i++)
		if (d->stmts[i] != NULL)
			d->ops->finalize(d->stmts[i]);
	d->ops->close(d);
}

enum db_class
db_fail(struct db *d, enum db_class cls, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, ap);
	va_end(ap);
	d->primary = false;
	return d->cls = cls;
}

int
db_kind_of(uint64_t conversation)
{
	return conversation & CONVERSATION_DIRECT_BIT ? KITH__V1__CONVERSATION_KIND__DIRECT :
	    KITH__V1__CONVERSATION_KIND__GROUP;
}

struct db_stmt *
db_stmt(struct db *d, const char *sql)
{
	size_t at = ((uintptr_t)sql >> 3) * 0x9e3779b1u;
	unsigned tries;

	for (tries = 0; tries < DB_STMTS_MAX; tries++, at++) {
		struct db_stmt **place = &d->stmts[at & (DB_STMTS_MAX - 1)];

		if (*place == NULL)
			return *place = d->ops->prepare(d, sql);
		if ((*place)->sql == sql) {
			db_reset(*place);
			return *place;
		}
	}
	db_fail(d, DB_ERROR, "more than %u prepared statements", DB_STMTS_MAX);
	return NULL;
}

const char *
db_sql(const struct db *d, enum db_sql which)
{
	return d->ops->sql[which];
}

void
db_bind_int(struct db_stmt *s, unsigned i, int64_t v)
{
	s->db->ops->bind_int(s, i, v);
}

void
db_bind_bytes(struct db_stmt *s, unsigned i, const void *v, size_t len)
{
	s->db->ops->bind_bytes(s, i, v, len);
}

enum db_class
db_step(struct db_stmt *s)
{
	return s->db->ops->step(s);
}

void
db_reset(struct db_stmt *s)
{
	s->db->ops->reset(s);
}

int64_t
db_int(struct db_stmt *s, unsigned column)
{
	return s->db->ops->col_int(s, column);
}

bool
db_null(struct db_stmt *s, unsigned column)
{
	return s->db->ops->col_null(s, column);
}

const char *
db_bytes(struct db_stmt *s, unsigned column, size_t *len)
{
	size_t unused;

	return s->db->ops->col_bytes(s, column, len != NULL ? len : &unused);
}

enum db_class
db_take_seqs(struct db *d, struct db_seqs *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		d->taking += c[i].count;
	return d->ops->take_seqs(d, c, n);
}

uint64_t
db_taken_seqs(const struct db *d)
{
	return d->taken;
}

enum db_class
db_put_events(struct db *d, const struct db_event *e, unsigned n)
{
	return d->ops->put_events(d, e, n);
}

bool
db_duplicate_primary(const struct db *d)
{
	return d->cls == DB_DUPLICATE && d->primary;
}

enum db_class
db_tend(struct db *d)
{
	return d->ops->tend(d);
}

bool
db_gone(enum db_class c)
{
	return c == DB_LOST || c == DB_UNSAFE;
}

uint32_t
db_dropped(const struct db *d)
{
	return d->dropped;
}

void
db_hurry(struct db *d, bool hurry)
{
	if (d->ops->hurry != NULL)
		d->ops->hurry(d, hurry);
}

uint64_t
db_room(struct db *d)
{
	return d->ops->room != NULL ? d->ops->room(d) : UINT64_MAX;
}

void
db_identity(const struct db *d, uint64_t id[2])
{
	id[0] = id[1] = 0;
	if (d->ops->identity != NULL)
		d->ops->identity(d, id);
}

enum db_class
db_begin(struct db *d)
{
	enum db_class c = d->ops->exec(d, d->writer ? d->ops->begin_write : d->ops->begin_read);

	d->taking = 0;
	return c == DB_OK && !d->writer && d->ops->intact != NULL ? d->ops->intact(d) : c;
}

enum db_class
db_commit(struct db *d)
{
	enum db_class c = d->ops->exec(d, "COMMIT");

	if (c == DB_OK && d->writer && d->ops->intact != NULL)
		c = d->ops->intact(d);
	if (c == DB_OK)
		d->taken += d->taking;
	return c;
}

/* Keeps the failure that asked for it. Its own tells nothing new: either there is nothing to roll
 * back (SQLite does it by itself after some errors), or the connection is gone, which the next
 * call finds. */
void
db_rollback(struct db *d)
{
	enum db_class cls = d->cls;
	bool primary = d->primary;
	char text[DB_TEXT_MAX];

	memcpy(text, d->text, sizeof(text));
	d->ops->exec(d, "ROLLBACK");
	memcpy(d->text, text, sizeof(text));
	d->cls = cls;
	d->primary = primary;
}

enum db_class
db_class(const struct db *d)
{
	return d->cls;
}

const char *
db_text(const struct db *d)
{
	return d->text;
}

int64_t
db_changes(const struct db *d)
{
	return d->ops->changes(d);
}

int64_t
db_last_id(const struct db *d)
{
	return d->ops->last_id(d);
}
