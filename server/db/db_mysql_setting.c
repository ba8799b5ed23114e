/*
 * db_mysql_setting.c - settings of the server, and those on which our promise rests.
 */
#include <stdio.h>
#include <string.h>

#include "server/db/db_mysql.h"

enum db_class
db_mysql_setting_read(struct mysql_db *d, const char *sql, char *out, size_t len)
{
	enum db_class c = db_mysql_query(d, sql, strlen(sql));
	MYSQL_RES *res;
	MYSQL_ROW row;

	if (c != DB_OK)
		return c;
	if ((res = mysql_store_result(d->h)) == NULL || (row = mysql_fetch_row(res)) == NULL)
		c = db_mysql_query_failed(d, mysql_errno(d->h), mysql_error(d->h));
	else
		snprintf(out, len, "%s", row[0] != NULL ? row[0] : "");
	mysql_free_result(res);
	return c;
}

/* What the server must promise so that an acknowledged message is on the disk. */
static const struct {
	const char	*name, *want;
	bool		 with_binlog;	/* matters only if there is a binary log */
} durable[] = {
	{ "innodb_flush_log_at_trx_commit", "1", false },
	{ "sync_binlog", "1", true },
};

int
db_mysql_setting_check_durable(struct mysql_db *d, bool *fatal, char *err, size_t errlen)
{
	char sql[96], is[64], binlog[8];

	if (db_mysql_setting_read(d, "SELECT @@log_bin", binlog, sizeof(binlog)) != DB_OK)
		goto failed;
	for (size_t i = 0; i < sizeof(durable) / sizeof(durable[0]); i++) {
		if (durable[i].with_binlog && strcmp(binlog, "1") != 0)
			continue;
		snprintf(sql, sizeof(sql), "SELECT @@%s", durable[i].name);
		if (db_mysql_setting_read(d, sql, is, sizeof(is)) != DB_OK)
			goto failed;
		if (strcmp(is, durable[i].want) == 0)
			continue;
		*fatal = true;
		snprintf(err, errlen, "the server's %s is %s, but must be %s for what is "
		    "acknowledged to be on disk", durable[i].name, is, durable[i].want);
		return -1;
	}
	return 0;
failed:
	snprintf(err, errlen, "%s", d->base.text);
	return -1;
}
