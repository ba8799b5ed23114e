/*
 * db_event.c - reads an event's row.
 */
#include "server/db/db_event.h"

#define READ_NUMBER(name)	e->name = (uint64_t)db_int(st, DB_EVENT_##name);
#define READ_OPTIONAL(name)	READ_NUMBER(name)
#define READ_BYTES(name)						\
	e->name = db_bytes(st, DB_EVENT_##name, &len);			\
	e->name##_len = (uint32_t)len;
#define READ(type, name)	READ_##type(name)

void
db_event_read(struct db_stmt *st, struct db_event *e)
{
	size_t len;

	DB_EVENT_COLUMNS(READ, )
}
