/*
 * db_mysql_open.c - connects to MariaDB or MySQL, and checks what the server must promise.
 *
 * Never an automatic reconnect (db.h). TLS, timeouts, character set and strictness are set here:
 * their defaults differ between the two client libraries and their versions.
 */
#include <errmsg.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mysqld_error.h>

#include "protocol/base/file.h"
#include "server/conf/conf.h"
#include "server/db/db_mysql.h"

#define CONNECT_S	2
#define ANSWER_S	5		/* a server silent for this long is lost */
#define LOCK_WAIT_S	"1"
#define PACKET_MIN	(1u << 20)	/* below it, batches would be cut into crumbs */
#define PASSWORD_MAX	256u

/* Errors of connecting that waiting will not mend. */
static const unsigned refusals[] = {
	ER_ACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR, ER_BAD_DB_ERROR,
	CR_SSL_CONNECTION_ERROR, 1698 /* ER_ACCESS_DENIED_NO_PASSWORD_ERROR */,
};

/* The first line of the file, or "" without a file. On errors `out` is wiped. */
static int
read_password(const char *file, char out[PASSWORD_MAX], char *err, size_t errlen)
{
	ssize_t n;
	int fd;

	out[0] = '\0';
	if (file == NULL || *file == '\0')
		return 0;
	if ((fd = file_open(file)) < 0) {
		snprintf(err, errlen, "%s: %s", file, file_strerror(fd));
		return -1;
	}
	if ((n = file_read_line(fd, out, PASSWORD_MAX)) == -EFBIG)
		snprintf(err, errlen, "%s: its first line is longer than %u bytes", file,
		    PASSWORD_MAX - 1);
	else if (n < 0)
		snprintf(err, errlen, "%s: %s", file, strerror((int)-n));
	close(fd);
	return n < 0 ? -1 : 0;
}

static void
set_options(MYSQL *h)
{
	unsigned connect_s = CONNECT_S, answer_s = ANSWER_S, no = 0;

	mysql_options(h, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(h, MYSQL_OPT_READ_TIMEOUT, &answer_s);
	mysql_options(h, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
	/* Otherwise a hostile server could read our files. */
	mysql_options(h, MYSQL_OPT_LOCAL_INFILE, &no);
	mysql_options(h, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

/* Off, or on and verified. Never "preferred", which falls back to plain text. */
static void
set_tls(MYSQL *h, const char *ca)
{
#ifdef HAVE_MARIADB_ARRAYS
	mysql_bool on = ca != NULL;

	if (on)
		mysql_options(h, MYSQL_OPT_SSL_CA, ca);
	mysql_options(h, MYSQL_OPT_SSL_ENFORCE, &on);
	mysql_options(h, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
#else
	unsigned mode = ca != NULL ? SSL_MODE_VERIFY_IDENTITY : SSL_MODE_DISABLED;

	if (ca != NULL)
		mysql_options(h, MYSQL_OPT_SSL_CA, ca);
	mysql_options(h, MYSQL_OPT_SSL_MODE, &mode);
#endif
}

static bool
is_refusal(unsigned number)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i] == number)
			return true;
	return false;
}

static const char *
nonempty(const char *s)
{
	return s != NULL && *s != '\0' ? s : NULL;
}

/* The library keeps the password to connect again, which this driver never does. */
static void
forget_password(MYSQL *h)
{
	if (h->passwd != NULL)
		explicit_bzero(h->passwd, strlen(h->passwd));
}

static int
connect_server(struct mysql_db *d, const struct conf *c, bool *fatal, char *err, size_t errlen)
{
	const char *socket = nonempty(c->mysql_socket), *ca = nonempty(c->mysql_tls_ca);
	unsigned protocol = socket != NULL ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	char password[PASSWORD_MAX];
	int rc = -1;

	if (socket != NULL)
		ca = NULL;		/* on a Unix socket the kernel keeps others out */
	set_options(d->h);
	mysql_options(d->h, MYSQL_OPT_PROTOCOL, &protocol);
	set_tls(d->h, ca);
	if (read_password(c->mysql_password_file, password, err, errlen) < 0) {
		*fatal = true;
		return -1;
	}
	if (mysql_real_connect(d->h, socket != NULL ? NULL : nonempty(c->mysql_host),
	    nonempty(c->mysql_user), password, nonempty(c->mysql_database),
	    socket != NULL ? 0 : c->mysql_port, socket, 0) == NULL) {
		*fatal = is_refusal(mysql_errno(d->h));
		snprintf(err, errlen, "mysql %u: %s", mysql_errno(d->h), mysql_error(d->h));
	} else {
		forget_password(d->h);
		rc = 0;
	}
	explicit_bzero(password, sizeof(password));
	if (rc == 0 && ca != NULL && mysql_get_ssl_cipher(d->h) == NULL) {
		*fatal = true;
		snprintf(err, errlen, "mysql_tls_ca is set, but the connection is not encrypted");
		rc = -1;
	}
	return rc;
}

static int
check_sizes(struct mysql_db *d, bool *fatal, char *err, size_t errlen)
{
	char packet[32];

	if (db_mysql_setting_read(d, "SELECT @@max_allowed_packet", packet,
	    sizeof(packet)) != DB_OK) {
		snprintf(err, errlen, "%s", d->base.text);
		return -1;
	}
	d->packet_max = strtoull(packet, NULL, 10);
	if (d->packet_max < PACKET_MIN) {
		*fatal = true;
		snprintf(err, errlen, "the server's max_allowed_packet is %s, but must be at "
		    "least %u", packet, PACKET_MIN);
		return -1;
	}
	return 0;
}

/* Without strict mode, a value that does not fit would be cut silently. */
static int
set_session(struct mysql_db *d, bool *fatal, char *err, size_t errlen)
{
	static const char *const settings[] = {
		"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
		"SET SESSION innodb_lock_wait_timeout = " LOCK_WAIT_S,
		"SET SESSION autocommit = 1",
	};
	char mode[512] = "", charset[64] = "";
	enum db_class c = DB_OK;

	for (size_t i = 0; c == DB_OK && i < sizeof(settings) / sizeof(settings[0]); i++)
		c = db_mysql_query(d, settings[i], strlen(settings[i]));
	if (c == DB_OK)
		c = db_mysql_setting_read(d, "SELECT @@sql_mode", mode, sizeof(mode));
	if (c == DB_OK)
		c = db_mysql_setting_read(d, "SELECT @@character_set_connection", charset,
		    sizeof(charset));
	if (c != DB_OK) {
		snprintf(err, errlen, "%s", d->base.text);
		return -1;
	}
	if (strstr(mode, "STRICT_ALL_TABLES") == NULL || strcmp(charset, "utf8mb4") != 0) {
		*fatal = true;
		snprintf(err, errlen, "sql_mode is %s and character_set_connection %s, but "
		    "must be strict and utf8mb4", mode, charset);
		return -1;
	}
	return 0;
}

static void
find_abilities(struct mysql_db *d)
{
	bool mariadb = strstr(mysql_get_server_info(d->h), "MariaDB") != NULL;
	unsigned long version = mysql_get_server_version(d->h);

	d->returning = mariadb && version >= 100500;
#ifdef HAVE_MARIADB_ARRAYS
	d->arrays = mariadb && version >= 100202;
#endif
}

struct db *
db_mysql_open(const struct conf *c, bool writer, bool *fatal, char *err, size_t errlen)
{
	struct mysql_db *d = calloc(1, sizeof(*d));

	if (d == NULL || (d->h = mysql_init(NULL)) == NULL) {
		snprintf(err, errlen, "out of memory");
		free(d);
		return NULL;
	}
	d->base.ops = &db_mysql_ops;
	d->base.writer = writer;
	if (connect_server(d, c, fatal, err, errlen) < 0 ||
	    set_session(d, fatal, err, errlen) < 0 ||
	    check_sizes(d, fatal, err, errlen) < 0 ||
	    (writer && db_mysql_setting_check_durable(d, fatal, err, errlen) < 0)) {
		db_close(&d->base);
		return NULL;
	}
	find_abilities(d);
	return &d->base;
}
