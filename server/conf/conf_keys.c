/*
 * conf_keys.c - every option of kithd.conf as one row.
 *
 * kithd.conf.5 and etc/kithd.conf.in say the same; a unit test compares. LOCALSTATEDIR
 * and PKGDATADIR are what configure was given.
 */
#include "server/conf/conf_keys.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/fingerprint.h"
#include "protocol/limits.h"
#include "server/conf/conf.h"
#include "server/lib/hostname.h"
#include "server/lib/netname.h"
#include "shm/registry.h"

#define MIB	(1024u * 1024u)
#define ANY	0xffffffffu

/* A number of limits.h as text. */
#define STRING(n)	STRING_OF(n)
#define STRING_OF(n)	#n

static const char *const registrations[] = { "closed", "invite", "open" };
static const char *const log_targets[] = { "stderr", "file", "syslog" };
static const char *const log_levels[] = { "error", "warn", "info", "debug" };

static const char *
check_database(const char *value)
{
#ifdef HAVE_MYSQL
	if (strcmp(value, "sqlite") == 0 || strcmp(value, "mysql") == 0)
		return NULL;
	return "must be sqlite or mysql";
#else
	return strcmp(value, "sqlite") == 0 ? NULL : "must be sqlite (built without MySQL)";
#endif
}

static const char *
check_power_of_two(const char *value)
{
	unsigned long n = strtoul(value, NULL, 10);

	return (n & (n - 1)) == 0 ? NULL : "must be a power of two";
}

static const char *
check_listen(const char *value)
{
	struct netname_listen listen;

	return netname_parse_listen(value, &listen);
}

static const char *
check_fingerprint(const char *value)
{
	return value[0] == '\0' || fingerprint_valid(value) ? NULL :
	    "must be SHA256: and 43 characters of base64url";
}

#define AT(member)	offsetof(struct conf, member)
#define TEXT(k, least, most, reload, dflt, help) \
	{ #k, CONF_TEXT, AT(k), dflt, least, most, reload, NULL, NULL, help }
#define PATH(k, reload, dflt, help) \
	{ #k, CONF_PATH, AT(k), dflt, 1, 4000, reload, NULL, NULL, help }
#define OPTIONAL_PATH(k, reload, dflt, help) \
	{ #k, CONF_PATH, AT(k), dflt, 0, 4000, reload, NULL, NULL, help }
#define NUMBER(k, least, most, reload, dflt, help) \
	{ #k, CONF_NUMBER, AT(k), dflt, least, most, reload, NULL, NULL, help }
#define CHOICE(k, names, reload, dflt, help) \
	{ #k, CONF_CHOICE, AT(k), dflt, 0, sizeof(names) / sizeof(*(names)) - 1, reload, \
	  NULL, names, help }
#define BOOL(k, reload, dflt, help) \
	{ #k, CONF_BOOL, AT(k), dflt, 0, 1, reload, NULL, NULL, help }

const struct conf_key conf_keys[] = {
	PATH(state_dir, false, LOCALSTATEDIR "/lib/kith",
	    "directory with all data of kithd"),
	{ "listen", CONF_LIST, AT(listen), "*:" STRING(KITH_PORT), 1, 300, false, check_listen,
	    NULL,
	    "ADDRESS:PORT, separated by blanks; *: all addresses; port 0: any free port" },
	PATH(control_socket, false, "control", "socket for kithctl"),
	PATH(pid_file, false, "kithd.pid", "file with the process id, locked while kithd runs"),
	TEXT(user, 1, 32, false, "kith", "user that the roles run as if kithd is started as root"),
	{ "server_name", CONF_TEXT, AT(server_name), "", 0, 253, true, hostname_check, NULL,
	    "name shown to people, and the host in invites; empty: this host's name" },

	NUMBER(workers, 0, REGISTRY_WORKERS_MAX, false, "0",
	    "processes that serve clients; 0: one per core"),
	NUMBER(readers, 1, 8, false, "1", "processes that read history"),
	NUMBER(auth_processes, 1, 8, false, "1", "processes that check passwords"),
	NUMBER(sessions_max, 1, 1000000, false, "10000", "most sessions logged in at a time"),
	NUMBER(groups_max, 1, 1000000, false, "16384", "most groups with members online at a time"),
	{ "inbox_bytes", CONF_NUMBER, AT(inbox_bytes), "8388608", 256 * 1024, 256 * MIB, false,
	    check_power_of_two, NULL, "bytes of each process's inbox; a power of two" },

	{ "database", CONF_TEXT, AT(database), "sqlite", 1, 16, false, check_database, NULL,
	    "sqlite (kith.db in the state directory) or mysql" },
	OPTIONAL_PATH(mysql_socket, false, "", "socket of the MySQL server; empty: use mysql_host"),
	TEXT(mysql_host, 0, 253, false, "", "host of the MySQL server"),
	NUMBER(mysql_port, 1, 65535, false, "3306", "port of the MySQL server"),
	TEXT(mysql_user, 1, 80, false, "kith", "user at the MySQL server"),
	OPTIONAL_PATH(mysql_password_file, false, "",
	    "file whose first line is the password; `user` must be able to read it"),
	TEXT(mysql_database, 1, 64, false, "kith", "name of the database"),
	OPTIONAL_PATH(mysql_tls_ca, false, "",
	    "CA certificates; if set, TLS to the MySQL server, verified"),

	CHOICE(registration, registrations, true, "invite",
	    "who may create an account: closed, invite or open"),
	TEXT(lobby, 0, NAME_BYTES_MAX, false, "lobby",
	    "public group that new accounts join; empty: none"),

	PATH(tls_certificate, true, "tls/cert.pem", "certificate chain; created if missing"),
	PATH(tls_key, true, "tls/key.pem", "its key; created if missing"),
	{ "tls_next_fingerprint", CONF_TEXT, AT(tls_next_fingerprint), "", 0, 50, true,
	    check_fingerprint, NULL, "fingerprint of the key to come, told to clients beforehand" },
	BOOL(plaintext, true, "off",
	    "on: allow connections without TLS from anywhere; off: only from this host"),

	BOOL(http, true, "on", "on: serve HTTP to browsers and scripts; off: native clients only"),
	{ "http_names", CONF_TEXT, AT(http_names), "", 0, 2000, true, netname_check_names, NULL,
	    "further host names of this server for browsers, separated by blanks" },
	{ "http_origins", CONF_TEXT, AT(http_origins), "", 0, 2000, true, netname_check_origins,
	    NULL,
	    "origins of other sites whose pages may use /v1 with a token, separated by blanks" },
	{ "http_proxies", CONF_TEXT, AT(http_proxies), "", 0, 2000, true, netname_check_networks,
	    NULL,
	    "addresses or networks of reverse proxies whose X-Forwarded-For is trusted" },
	PATH(web_dir, true, PKGDATADIR "/web", "directory of the web page's files"),

	NUMBER(heartbeat_ms, 100, 10 * 60 * 1000, true, STRING(HEARTBEAT_MS),
	    "clients send something this often; after two misses the connection is closed"),
	NUMBER(login_ms, 100, 10 * 60 * 1000, true, STRING(LOGIN_MS),
	    "time limit from connect to login, and for an HTTP request to arrive"),
	NUMBER(drain_ms, 0, 10 * 60 * 1000, true, "5000",
	    "time that each role has to finish at a stop"),
	NUMBER(connections_per_address, 0, ANY, true, "100",
	    "most connections from one address; 0: no limit; this host has no limit"),
	NUMBER(send_rate, 0, 100000, true, "50", "messages per second and session; 0: no limit"),
	NUMBER(send_burst, 1, 100000, true, "200", "burst allowed above send_rate"),
	NUMBER(output_soft, 4096, 256 * MIB, true, "262144",
	    "unsent bytes of a connection at which its live events stop"),
	NUMBER(output_hard, 65536 + 4096, 256 * MIB, true, "2097152",
	    "unsent bytes of a connection at which it is closed"),
	NUMBER(hash_queue, 1, 4096, false, "64", "most logins waiting for the password check"),
	NUMBER(login_failures, 1, 10000, true, "10",
	    "wrong passwords allowed in 5 minutes, by user and address"),

	CHOICE(log_to, log_targets, false, "stderr",
	    "stderr, file or syslog; in the background, stderr means syslog"),
	PATH(log_file, false, "kithd.log",
	    "log file if log_to is file; `user` must be able to write to it"),
	CHOICE(log_level, log_levels, true, "info", "error, warn, info or debug"),
};

const unsigned conf_keys_count = sizeof(conf_keys) / sizeof(*conf_keys);

_Static_assert(sizeof(conf_keys) / sizeof(*conf_keys) <= CONF_KEYS_MAX, "a bit for each row");
_Static_assert(sizeof(enum conf_registration) == sizeof(unsigned) &&
    sizeof(enum conf_log_to) == sizeof(unsigned) &&
    sizeof(enum log_level) == sizeof(unsigned), "choices are stored as unsigned");
