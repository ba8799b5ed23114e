/*
 * conf.h - kithd.conf: "key value" lines, # comments. conf_keys.c has one row per
 * option; parser, -t, dump (kithd -T), the sample file and the man page's check come from it.
 * A value goes to the end of its line; options may stand in any order, each once.
 * Trust  Read by the master as root: then the file must be root's, and nobody else may write it.
 */
#ifndef KITH_SERVER_CONF_H
#define KITH_SERVER_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/lib/log.h"

#define CONF_LISTEN_MAX	8

enum conf_registration { REGISTRATION_CLOSED, REGISTRATION_INVITE, REGISTRATION_OPEN };
enum conf_log_to { LOG_TO_STDERR, LOG_TO_FILE, LOG_TO_SYSLOG };

struct conf {
	char		*file;			/* where it came from; NULL: no file */
	uint64_t	 given;			/* bit i: row i of conf_keys[] was set */
	uint64_t	 fixed;			/* ... by conf_set(): the file does not change it */
	/* where */
	char		*state_dir;		/* -d; absolute; default LOCALSTATEDIR/lib/kith */
	char		*listen[CONF_LISTEN_MAX];	/* "ADDR:PORT" or NULL; default "*:5484" */
	char		*control_socket;	/* default STATE/control */
	char		*pid_file;		/* default STATE/kithd.pid; locked */
	char		*user;			/* when started as root; default kith */
	char		*server_name;		/* shown, and in invites; default: the host's */
	/* processes */
	unsigned	 workers;		/* 0: one per core */
	unsigned	 readers;		/* 1 */
	unsigned	 auth_processes;	/* 1 */
	unsigned	 sessions_max;		/* 10000, whole server */
	unsigned	 groups_max;		/* 16384 with members online */
	unsigned	 inbox_bytes;		/* per process; a power of two; default 8 MiB */
	/* storage: "sqlite" (STATE/kith.db), or "mysql" */
	char		*database;
	char		*mysql_socket, *mysql_host;	/* what is not set is "", never NULL */
	char		*mysql_user, *mysql_password_file, *mysql_database;
	unsigned	 mysql_port;
	char		*mysql_tls_ca;		/* set: TLS to that server, verified */
	/* people */
	enum conf_registration registration;	/* invite */
	char		*lobby;			/* public group that new accounts join; "": none */
	/* TLS */
	char		*tls_certificate, *tls_key;	/* default STATE/tls/{cert,key}.pem */
	bool		 plaintext;		/* off: plain connections only from loopback */
	/* the browsers' door */
	bool		 http;			/* on */
	char		*http_names, *http_origins, *http_proxies;	/* lists; "": empty */
	char		*web_dir;		/* default PKGDATADIR/web */
	/* limits */
	unsigned	 heartbeat_ms, login_ms, drain_ms;
	unsigned	 connections_per_address;	/* 0: no limit; not for loopback */
	unsigned	 send_rate, send_burst;	/* messages a second and session, 0: no limit */
	unsigned	 output_soft, output_hard;	/* bytes a connection: 256 KiB, 1 MiB */
	unsigned	 hash_queue;		/* 64 */
	unsigned	 login_failures;	/* 10 in 5 minutes and (user, address) */
	/* log */
	enum conf_log_to log_to;
	char		*log_file;
	enum log_level	 log_level;
};

/* Defaults, then the file, then checks. file NULL: STATE/kithd.conf, or without
 * state_dir SYSCONFDIR/kith/kithd.conf; neither needs to exist. state_dir, if given,
 * wins over the file's. Relative paths are below the state directory. On failure
 * `err` has "file:line: what" and NULL is returned. Yours, free with conf_destroy(). */
struct conf	*conf_load(const char *file, const char *state_dir, char *err, size_t errlen);
void		 conf_destroy(struct conf *c);

/* As a file line would, and kept by conf_again(): for -l and tests. 0 or -1 with `err`. */
int		 conf_set(struct conf *c, const char *key, const char *value,
		    char *err, size_t errlen);

/* Loads the file of `c` once more, with what conf_set() and state_dir fixed. As conf_load(). */
struct conf	*conf_again(const struct conf *c, char *err, size_t errlen);

/* The option was set by the file or by conf_set(). */
bool		 conf_given(const struct conf *c, const char *key);

/* Prints every option with its help, as a file that conf_load() reads: what was not
 * given stands there as a comment. 0 or -errno. */
int		 conf_dump(const struct conf *c, int fd);

/* Takes over the may-reload options of `from`; logs each other one that differs. */
void		 conf_reload(struct conf *to, const struct conf *from);

/* The may-reload options as lines, and back: how they reach roles that run.
 * conf_print: length without the NUL, or -EMSGSIZE. conf_take: 0 or -1 with `err`. */
int		 conf_print(const struct conf *c, char *buf, size_t cap);
int		 conf_take(struct conf *c, const char *lines, char *err, size_t errlen);

#endif
