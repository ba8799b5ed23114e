/*
 * conf.h - kithd.conf: "key value" lines, and comments that begin with #.
 *
 * conf_keys.c has one row per option: type, default, limits, help. The parser,
 * kithd -t and -T, the sample file and the manual page's check read these rows.
 *
 * Trust  The master reads the file as root: then it must belong to root, and
 *        nobody else may be able to write to it.
 */
#ifndef KITH_SERVER_CONF_H
#define KITH_SERVER_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/lib/log.h"

#define CONF_LISTEN_MAX	8

struct notes;

enum conf_registration {
	REGISTRATION_CLOSED, REGISTRATION_INVITE, REGISTRATION_OPEN
};
enum conf_log_to { LOG_TO_STDERR, LOG_TO_FILE, LOG_TO_SYSLOG };

/* Defaults are in conf_keys.c. Paths are absolute. A text that is not set is
 * "", never NULL. */
struct conf {
	char		*file;			/* NULL: there is none */
	uint64_t	 given;			/* bit i: row i was set */
	uint64_t	 fixed;			/* bit i: by conf_set() */
	/* where */
	char		*state_dir;
	/* Before a chroot; for texts. NULL: there was none */
	char		*state_shown;
	char		*listen[CONF_LISTEN_MAX];	/* ADDRESS:PORT */
	char		*control_socket;
	char		*pid_file;
	char		*user;			/* if started as root */
	char		*server_name;		/* shown, and in invites */
	/* processes */
	unsigned	 workers;		/* 0: one per core */
	unsigned	 readers;
	unsigned	 auth_processes;
	unsigned	 sessions_max;		/* of the whole server */
	unsigned	 groups_max;		/* with members online */
	unsigned	 inbox_bytes;		/* each; a power of two */
	/* storage */
	char		*database;		/* "sqlite" or "mysql" */
	char		*mysql_socket, *mysql_host;
	char		*mysql_user, *mysql_password_file, *mysql_database;
	unsigned	 mysql_port;
	char		*mysql_tls_ca;		/* set: TLS, verified */
	/* people */
	enum conf_registration registration;
	char		*lobby;			/* group of new accounts */
	/* TLS */
	char		*tls_certificate, *tls_key;
	char		*tls_next_fingerprint;	/* of the key to come, or "" */
	bool		 plaintext;		/* also from other hosts */
	/* the browsers' door */
	bool		 http;
	char		*http_names, *http_origins, *http_proxies; /* lists */
	char		*web_dir;
	/* limits */
	unsigned	 heartbeat_ms, login_ms, drain_ms;
	unsigned	 connections_per_address;	/* 0: no limit */
	unsigned	 send_rate, send_burst;		/* 0: no limit */
	unsigned	 output_soft, output_hard;	/* unsent bytes */
	unsigned	 hash_queue;
	unsigned	 login_failures;	/* in 5 minutes */
	/* log */
	enum conf_log_to log_to;
	char		*log_file;
	enum log_level	 log_level;
};

/* Applies the defaults, then the file, then checks the whole. file NULL:
 * STATE/kithd.conf, or without state_dir SYSCONFDIR/kith/kithd.conf; neither
 * needs to exist. state_dir, if given, overrides the file's. Relative paths are
 * below the state directory. NULL: `err` has "file:line: what". Yours, free
 * with conf_destroy(). */
struct conf	*conf_load(const char *file, const char *state_dir, char *err,
		    size_t errlen);
void		 conf_destroy(struct conf *c);

/* Sets an option as a line of the file would; conf_again() keeps it. For -l and
 * tests. 0, or -1 with `err`. */
int		 conf_set(struct conf *c, const char *key, const char *value,
		    char *err, size_t errlen);

/* Loads the file of `c` again, and keeps what conf_set() and state_dir set. As
 * conf_load(). */
struct conf	*conf_again(const struct conf *c, char *err, size_t errlen);

/* The file or conf_set() set the option. */
bool		 conf_given(const struct conf *c, const char *key);

/* Prints every option with its help, as a file that conf_load() reads. Options
 * that were not set are comments. 0 or -errno. */
int		 conf_dump(const struct conf *c, int fd);

/* Copies the options that may be reloaded, and which file they are from; notes
 * each other one that differs. */
void		 conf_reload(struct conf *to, const struct conf *from,
		    struct notes *notes);

/* The options that may be reloaded as lines, and back: how they reach running
 * roles. conf_print(): the length without the NUL, or -EMSGSIZE. conf_take():
 * 0, or -1 with `err`. */
int		 conf_print(const struct conf *c, char *buf, size_t cap);
int		 conf_take(struct conf *c, const char *lines, char *err,
		    size_t errlen);

#endif
