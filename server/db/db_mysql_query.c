/*
 * db_mysql_query.c - sends SQL, and classifies errors by their number.
 */
#include <errmsg.h>
#include <string.h>

#include <mysqld_error.h>

#include "server/db/db_mysql.h"

/* Errors by what helps against them; all others are DB_ERROR. Numbers stand for names that one
 * of the two libraries lacks. */
static const struct {
	unsigned	number;
	enum db_class	cls;
} classes[] = {
	{ ER_DUP_ENTRY, DB_DUPLICATE },
	{ ER_DUP_ENTRY_WITH_KEY_NAME, DB_DUPLICATE },
	{ ER_LOCK_DEADLOCK, DB_RETRY },
	{ ER_LOCK_WAIT_TIMEOUT, DB_RETRY },
	{ ER_CHECKREAD, DB_RETRY },
	{ ER_QUERY_INTERRUPTED, DB_RETRY },
	{ ER_OUTOFMEMORY, DB_RETRY },
	{ ER_OUT_OF_RESOURCES, DB_RETRY },
	{ CR_OUT_OF_MEMORY, DB_RETRY },
	{ CR_SERVER_GONE_ERROR, DB_LOST },
	{ CR_SERVER_LOST, DB_LOST },
	{ CR_CONNECTION_ERROR, DB_LOST },
	{ CR_CONN_HOST_ERROR, DB_LOST },
	{ CR_COMMANDS_OUT_OF_SYNC, DB_LOST },
	{ CR_MALFORMED_PACKET, DB_LOST },
	{ 2055 /* CR_SERVER_LOST_EXTENDED */, DB_LOST },
	{ ER_SERVER_SHUTDOWN, DB_LOST },
	{ ER_NORMAL_SHUTDOWN, DB_LOST },
	{ ER_NET_READ_ERROR, DB_LOST },
	{ ER_NET_READ_INTERRUPTED, DB_LOST },
	{ ER_NET_ERROR_ON_WRITE, DB_LOST },
	{ ER_NET_WRITE_INTERRUPTED, DB_LOST },
	{ ER_NEED_REPREPARE, DB_LOST },
	{ 1927 /* ER_CONNECTION_KILLED */, DB_LOST },
	{ 3169 /* ER_SESSION_WAS_KILLED */, DB_LOST },
	{ 4031 /* ER_CLIENT_INTERACTION_TIMEOUT */, DB_LOST },
	{ ER_DISK_FULL, DB_FULL },
	{ ER_RECORD_FILE_FULL, DB_FULL },
	{ ER_OPTION_PREVENTS_STATEMENT, DB_READONLY },	/* read_only */
	{ 1836 /* ER_READ_ONLY_MODE */, DB_READONLY },
	{ 1792 /* ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION */, DB_READONLY },
	{ ER_NO_SUCH_TABLE, DB_BROKEN },
	{ ER_BAD_FIELD_ERROR, DB_BROKEN },
	{ ER_WRONG_VALUE_COUNT_ON_ROW, DB_BROKEN },
	{ ER_NO_DEFAULT_FOR_FIELD, DB_BROKEN },
	{ ER_NO_DB_ERROR, DB_BROKEN },
	{ ER_BAD_DB_ERROR, DB_BROKEN },
	{ ER_DBACCESS_DENIED_ERROR, DB_BROKEN },
	{ ER_ACCESS_DENIED_ERROR, DB_BROKEN },
	{ ER_TABLEACCESS_DENIED_ERROR, DB_BROKEN },
	{ ER_COLUMNACCESS_DENIED_ERROR, DB_BROKEN },
	{ ER_SPECIFIC_ACCESS_DENIED_ERROR, DB_BROKEN },
	{ ER_OPEN_AS_READONLY, DB_BROKEN },
	{ ER_CANT_OPEN_FILE, DB_BROKEN },
	{ ER_FILE_NOT_FOUND, DB_BROKEN },
	{ ER_ERROR_ON_READ, DB_BROKEN },
	{ ER_NOT_FORM_FILE, DB_BROKEN },
	{ ER_NOT_KEYFILE, DB_BROKEN },
	{ ER_OLD_KEYFILE, DB_BROKEN },
	{ ER_CRASHED_ON_USAGE, DB_BROKEN },
	{ ER_CRASHED_ON_REPAIR, DB_BROKEN },
	{ ER_KEY_NOT_FOUND, DB_BROKEN },
	{ ER_UNKNOWN_STORAGE_ENGINE, DB_BROKEN },
	{ 1712 /* ER_INDEX_CORRUPT */, DB_BROKEN },
	{ 1812 /* ER_TABLESPACE_MISSING */, DB_BROKEN },
	{ 1814 /* ER_TABLESPACE_DISCARDED */, DB_BROKEN },
	{ 1817 /* ER_INNODB_INDEX_CORRUPT */, DB_BROKEN },
	{ 1877 /* ER_TABLE_CORRUPT */, DB_BROKEN },
	{ 1932 /* ER_NO_SUCH_TABLE_IN_ENGINE */, DB_BROKEN },
};

static enum db_class
class_of_failure(unsigned number, const char *text)
{
	if (number == ER_GET_ERRNO)		/* "Got error 28 ... from storage engine" */
		return strstr(text, "error 28 ") != NULL ? DB_FULL : DB_BROKEN;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].number == number)
			return classes[i].cls;
	return DB_ERROR;
}

/* MariaDB says "for key 'PRIMARY'", MySQL 8 "for key 'events.PRIMARY'". */
enum db_class
db_mysql_query_failed(struct mysql_db *d, unsigned number, const char *text)
{
	size_t len = strlen(text);

	db_fail(&d->base, class_of_failure(number, text), "mysql %u: %s", number, text);
	d->base.primary = len >= 8 && strcmp(text + len - 8, "PRIMARY'") == 0;
	return d->base.cls;
}

enum db_class
db_mysql_query_failed_stmt(struct mysql_db *d, MYSQL_STMT *st)
{
	return db_mysql_query_failed(d, mysql_stmt_errno(st), mysql_stmt_error(st));
}

enum db_class
db_mysql_query(struct mysql_db *d, const char *sql, size_t len)
{
	if (mysql_real_query(d->h, sql, len) != 0)
		return db_mysql_query_failed(d, mysql_errno(d->h), mysql_error(d->h));
	return DB_OK;
}
