/*
 * db_driver.h - what a driver fills in; for db*.c and their tests only.
 *
 * A driver's struct begins with struct db, its statements with struct db_stmt.
 * Every failure goes through db_fail(), so that class and text always match.
 */
#ifndef KITH_SERVER_DB_DRIVER_H
#define KITH_SERVER_DB_DRIVER_H

#include "server/db/db.h"

#define DB_STMTS_MAX	128u	/* a power of two; at most half are in use */
#define DB_TEXT_MAX	256u

struct db_schema {
	unsigned	 version;	/* from 1, without gaps; 0: the end */
	const char	*text;
};

struct db_ops {
	const struct db_schema	*schema;
	const char		*sql[DB_SQL_COUNT];
	const char		*begin_write, *begin_read;

	void		(*close)(struct db *d);
	/* One statement without rows. */
	enum db_class	(*exec)(struct db *d, const char *sql);
	enum db_class	(*lock_schema)(struct db *d);
	/* keep: commit; otherwise roll back, if the dialect can. */
	enum db_class	(*unlock_schema)(struct db *d, bool keep);
	enum db_class	(*tend)(struct db *d);
	/* NULL, or after each commit of the writer and each begin of a
	 * reader: DB_UNSAFE if those were of files that nobody will find
	 * again. */
	enum db_class	(*intact)(struct db *d);
	void		(*hurry)(struct db *d, bool hurry);	/* or NULL */
	uint64_t	(*room)(struct db *d);	/* NULL: unknown */
	/* NULL, or what tells this database from another one. */
	void		(*identity)(const struct db *d, uint64_t id[2]);

	struct db_stmt *(*prepare)(struct db *d, const char *sql);
	void		(*finalize)(struct db_stmt *s);
	void		(*bind_int)(struct db_stmt *s, unsigned i, int64_t v);
	void		(*bind_bytes)(struct db_stmt *s, unsigned i,
			    const void *v, size_t len);
	enum db_class	(*step)(struct db_stmt *s);
	void		(*reset)(struct db_stmt *s);
	int64_t		(*col_int)(struct db_stmt *s, unsigned column);
	bool		(*col_null)(struct db_stmt *s, unsigned column);
	const char     *(*col_bytes)(struct db_stmt *s, unsigned column,
			    size_t *len);
	int64_t		(*changes)(const struct db *d);
	int64_t		(*last_id)(const struct db *d);

	enum db_class	(*take_seqs)(struct db *d, struct db_seqs *c,
			    unsigned n);
	enum db_class	(*put_events)(struct db *d, const struct db_event *e,
			    unsigned n);
};

struct db_stmt {
	struct db	*db;
	const char	*sql;		/* the caller's constant; the key */
};

struct db {
	const struct db_ops	*ops;
	bool			 writer;
	enum db_class		 cls;	/* of the last failure */
	enum db_class		 tended;	/* what the upkeep last found */
	uint32_t		 dropped;	/* see db_dropped() */
	bool			 primary;	/* a duplicate primary key */
	/* db_taken_seqs(), and those of the open transaction. */
	uint64_t		 taken, taking;
	char			 text[DB_TEXT_MAX];
	struct db_stmt		*stmts[DB_STMTS_MAX];	/* by address of sql */
};

/* Notes a failure. Returns `cls`. */
enum db_class	db_fail(struct db *d, enum db_class cls, const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));

/* A Kith__V1__ConversationKind, by the form of the id. */
int		db_kind_of(uint64_t conversation);

/* The schema must be the newest version known. 0, or -1 with err; *fatal if it
 * is newer still. */
int		db_migrate_check(struct db *d, bool *fatal, char *err,
		    size_t errlen);

struct db	*db_sqlite_open(const struct conf *c, bool writer,
		    const uint64_t known[2], bool *fatal, char *err,
		    size_t errlen);
struct db	*db_mysql_open(const struct conf *c, bool writer, bool *fatal,
		    char *err, size_t errlen);

/* Made from etc/schema. */
extern const struct db_schema db_schema_sqlite[], db_schema_mysql[];

#endif
