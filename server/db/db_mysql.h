/*
 * db_mysql.h - what the files of the MySQL/MariaDB driver share.
 */
#ifndef KITH_SERVER_DB_MYSQL_H
#define KITH_SERVER_DB_MYSQL_H

#include <mysql.h>

#include "protocol/base/wipebuf.h"
#include "server/db/db_driver.h"
#include "server/db/db_event.h"

#ifdef MARIADB_PACKAGE_VERSION		/* Connector/C, not Oracle's */
#define HAVE_MARIADB_ARRAYS 1
typedef my_bool mysql_bool;
#else
typedef bool mysql_bool;
#endif

struct mysql_text {			/* of an unprepared statement */
	struct wipebuf	 buf;
	bool		 failed;	/* out of memory */
};

#ifdef HAVE_MARIADB_ARRAYS
/* The events of one statement, column by column. */
#define MYSQL_COLUMN_NUMBER(name)	int64_t name[DB_BATCH_MAX];
#define MYSQL_COLUMN_OPTIONAL(name)	int64_t name[DB_BATCH_MAX];	\
					char name##_set[DB_BATCH_MAX];
#define MYSQL_COLUMN_BYTES(name)	const char *name[DB_BATCH_MAX];	\
					unsigned long name##_len[DB_BATCH_MAX];
#define MYSQL_COLUMN(type, name)	MYSQL_COLUMN_##type(name)
struct mysql_columns {
	DB_EVENT_COLUMNS(MYSQL_COLUMN, )
};
#endif

struct mysql_db {
	struct db	 base;
	MYSQL		*h;
	bool		 returning;	/* INSERT .. RETURNING: MariaDB 10.5 */
	bool		 arrays;	/* one statement, many rows: MariaDB
					 * 10.2 with its library */
	size_t		 packet_max;	/* max_allowed_packet */
	uint64_t	 tended_ms;
	bool		 hurried;
	MYSQL_STMT	*put;		/* the array insert; made when needed */
	struct mysql_text text;
#ifdef HAVE_MARIADB_ARRAYS
	struct mysql_columns columns;
#endif
};

/* -- db_mysql_query.c ----------------------------------------------------- */

/* Sends `len` bytes of SQL. The caller fetches the result, if there is one. */
enum db_class	db_mysql_query(struct mysql_db *d, const char *sql, size_t len);

/* Notes an error of the connection, or of a statement. */
enum db_class	db_mysql_query_failed(struct mysql_db *d, unsigned number,
		    const char *text);
enum db_class	db_mysql_query_failed_stmt(struct mysql_db *d, MYSQL_STMT *st);

/* -- db_mysql_setting.c --------------------------------------------------- */

/* Runs SELECT @@setting: its text, cut to `len`. */
enum db_class	db_mysql_setting_read(struct mysql_db *d, const char *sql,
		    char *out, size_t len);

/* What the server must promise so that an acknowledged message is on the disk.
 * 0, or -1 with err; *fatal: it answered, and does not promise it. */
int		db_mysql_setting_check_durable(struct mysql_db *d,
		    bool *fatal, char *err, size_t errlen);

/* -- db_mysql.c ----------------------------------------------------------- */

extern const struct db_ops db_mysql_ops;

/* -- db_mysql_batch.c ----------------------------------------------------- */

enum db_class	db_mysql_batch_take_seqs(struct db *d, struct db_seqs *c,
		    unsigned n);
enum db_class	db_mysql_batch_put_events(struct db *d,
		    const struct db_event *e, unsigned n);

#endif
