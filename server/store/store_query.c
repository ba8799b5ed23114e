/*
 * store_query.c - statements: prepared, bound, stepped, reset.
 */
#include "server/store/store_query.h"

#include <stdarg.h>
#include <string.h>

/* No number of ours is over INT64_MAX, and none may turn negative. */
static void
query_bind_number(struct db_stmt *st, unsigned i, uint64_t v)
{
	db_bind_int(st, i, v <= INT64_MAX ? (int64_t)v : INT64_MAX);
}

struct db_stmt *
store_query(struct store *s, const char *sql, const char *places, ...)
{
	struct db_stmt *st = db_stmt(s->db, sql);
	const ProtobufCBinaryData *data;
	const char *text;
	va_list ap;

	if (st == NULL)
		return NULL;
	va_start(ap, places);
	for (unsigned i = 0; places[i] != '\0'; i++) {
		switch (places[i]) {
		case 'n':
			query_bind_number(st, i, va_arg(ap, uint64_t));
			break;
		case 't':
			text = va_arg(ap, const char *);
			db_bind_bytes(st, i, text, strlen(text));
			break;
		default:
			data = va_arg(ap, const ProtobufCBinaryData *);
			db_bind_bytes(st, i, data->data, data->len);
			break;
		}
	}
	va_end(ap);
	return st;
}

enum db_class
store_query_next(struct store *s, struct db_stmt *st)
{
	return st != NULL ? db_step(st) : db_class(s->db);
}

enum db_class
store_query_end(struct db_stmt *st, enum db_class c)
{
	if (st != NULL)
		db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

enum db_class
store_query_run(struct store *s, struct db_stmt *st)
{
	return store_query_end(st, store_query_next(s, st));
}

enum db_class
store_query_row(struct store *s, struct db_stmt *st, unsigned n, ...)
{
	enum db_class c = store_query_next(s, st);
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; c == DB_ROW && i < n; i++)
		*va_arg(ap, uint64_t *) = (uint64_t)db_int(st, i);
	va_end(ap);
	if (st != NULL)
		db_reset(st);
	return c == DB_ROW ? DB_OK : c;
}

void
store_query_copy(struct db_stmt *st, unsigned column, char *out, size_t size)
{
	size_t len;
	const char *text = db_bytes(st, column, &len);

	if (len >= size)
		len = size - 1;
	memcpy(out, text, len);
	out[len] = '\0';
}
