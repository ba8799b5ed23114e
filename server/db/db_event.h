/*
 * db_event.h - the columns of an event: one row each. The statements that store
 * and read events are made from this list, in both drivers and in the store.
 *
 * A new column needs three places: a schema file, a row here, and the field of
 * kith.v1.Event that store_event_message() fills.
 */
#ifndef KITH_SERVER_DB_EVENT_H
#define KITH_SERVER_DB_EVENT_H

#include <stdint.h>

#include "server/db/db.h"

/*
 * X(TYPE, name), with AND between two rows; in the order of the schema.
 *   NUMBER	uint64_t
 *   OPTIONAL	uint64_t; 0 is NULL in the table
 *   BYTES	const char * and uint32_t name_len, borrowed
 */
#define DB_EVENT_COLUMNS(X, AND)					\
	X(NUMBER,   conversation)	AND				\
	X(NUMBER,   seq)		AND				\
	X(NUMBER,   sender)		AND				\
	X(OPTIONAL, client_id)		AND /* NULL: by the server */	\
	X(NUMBER,   time_ms)		AND				\
	X(NUMBER,   kind)		AND /* Kith__V1__EventKind */	\
	X(NUMBER,   subject)		AND				\
	X(BYTES,    body)

#define DB_EVENT_FIELD_NUMBER(name)	uint64_t name;
#define DB_EVENT_FIELD_OPTIONAL(name)	uint64_t name;
#define DB_EVENT_FIELD_BYTES(name)	const char *name; uint32_t name##_len;
#define DB_EVENT_FIELD(type, name)	DB_EVENT_FIELD_##type(name)
struct db_event {
	DB_EVENT_COLUMNS(DB_EVENT_FIELD, )
};

/* DB_EVENT_body is the place of `body` in the lists below. */
#define DB_EVENT_INDEX(type, name)	DB_EVENT_##name,
enum { DB_EVENT_COLUMNS(DB_EVENT_INDEX, ) DB_EVENT_NCOLUMNS };

/* "conversation, seq, ..." and "?, ?, ...", for SQL. */
#define DB_EVENT_NAME(type, name)	#name
#define DB_EVENT_PLACE(type, name)	"?"
#define DB_EVENT_NAMES		DB_EVENT_COLUMNS(DB_EVENT_NAME, ", ")
#define DB_EVENT_PLACES		DB_EVENT_COLUMNS(DB_EVENT_PLACE, ", ")

/* The row at hand of a SELECT whose first columns are DB_EVENT_NAMES. The body
 * is valid until the next step or reset; a NUL follows it. */
void	db_event_read(struct db_stmt *st, struct db_event *e);

#endif
