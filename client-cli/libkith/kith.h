/*
 * kith.h - libkith, the client core: everything between a program and a Kith
 * server except files, terminals and words.
 *
 * A struct kith is one login on one connection, which is made again when it
 * breaks. It pins the server's key, logs in, answers heartbeats, sends
 * unanswered requests again, and hands over each event exactly once and, per
 * conversation, in order: what live delivery missed is fetched from the log.
 *
 * Shape   The data are the schema's own messages (protocol/, in C as
 *         protobuf-c makes them); a message given to a callback is valid until
 *         the callback returns. Times are milliseconds.
 * Loop    Single-threaded, inside the caller's libevent loop. A callback may
 *         make requests, but must not run the loop or call kith_destroy().
 *         Several struct kith in one process share nothing.
 * Trust   Strings from the server are UTF-8 without NUL, and nothing more is
 *         known of them: they may contain escape sequences. Error texts too.
 * Limits  The process must ignore SIGPIPE.
 */
#ifndef KITH_H
#define KITH_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/frame.pb-c.h"

struct event_base;
struct kith;

/* Exit codes of `kith`, and the classes of failure (kith.1). */
enum kith_exit {
	KITH_EXIT_DONE = 0,
	KITH_EXIT_FAILED = 1,
	KITH_EXIT_USAGE = 2,
	KITH_EXIT_OFFLINE = 3,
	KITH_EXIT_LOGIN = 4,
	KITH_EXIT_PERMISSION = 5,
	KITH_EXIT_TARGET = 6,
	KITH_EXIT_KEY = 7,
	KITH_EXIT_LIMIT = 8,
	KITH_EXIT_UNTOLD = 9,	/* done, but its result was not written */
	KITH_EXIT_INTERRUPTED = 130
};

/* Failures found here, beside enum kith_err of protocol/error.h, which the
 * server tells. X(code, name, exit code, text) */
#define KITH_LOCAL_FAILURES(X)						\
	X(1001, CONNECT,     3, "cannot connect")			\
	X(1002, TLS,         3, "TLS failed")				\
	X(1003, LOST,        3, "connection lost")			\
	X(1004, NO_ANSWER,   3, "no answer in time")			\
	X(1005, PROTOCOL,    1, "the server does not speak this protocol") \
	X(1006, KEY_UNKNOWN, 7, "the server's key is not known")	\
	X(1007, KEY_CHANGED, 7, "the server's key has changed")		\
	X(1008, MEMORY,      1, "out of memory")

enum kith_local {
#define X(code, name, exit, text) KITH_L_##name = code,
	KITH_LOCAL_FAILURES(X)
#undef X
};

/* What became of a request that failed. */
enum kith_fate {
	KITH_REFUSED,		/* the server answered */
	KITH_UNSENT,		/* it never left: it has had no effect */
	KITH_UNANSWERED		/* it left, and may have had its effect */
};

struct kith_failure {
	uint32_t	code;		/* enum kith_err or enum kith_local */
	enum kith_exit	exit;
	uint32_t	retry_after_ms;	/* as the server said, or 0 */
	enum kith_fate	fate;		/* in the callback of a request */
	char		text[256];	/* perhaps from the server: see Trust */
};

enum kith_phase {
	KITH_CONNECTING,	/* name, TCP, TLS, greeting, login */
	KITH_SYNCING,		/* logged in; fetches what was missed */
	KITH_READY,		/* everything stored was handed over */
	KITH_WAITING,		/* not connected; will try again */
	KITH_ENDED		/* will not try again: the failure says why */
};

enum kith_login_by {
	KITH_BY_TOKEN,
	KITH_BY_PASSWORD,
	KITH_BY_REGISTERING,
	/* KITH_READY without a login: registering with this invite and name
	 * (NULL: with the invite) would be accepted; or the server is older,
	 * and cannot tell. */
	KITH_BY_CHECKING,
	KITH_BY_NOTHING		/* greet only: KITH_READY without a login */
};

/* How to prove who one is; `by` decides which strings count. After a login by
 * password the library uses the token that it got. */
struct kith_login {
	enum kith_login_by	 by;
	const char		*token;
	const char		*name, *password;
	const char		*invite;	/* "": registration is open */
	const char		*device;	/* as in `kith sessions` */
};

/* What the program is told. Any may be NULL. */
struct kith_hooks {
	/* Entered `phase`. `why` is set in KITH_WAITING and KITH_ENDED. */
	void	(*phase)(struct kith *k, enum kith_phase phase,
		    const struct kith_failure *why, void *arg);
	/* Logged in, at first and after each reconnect. After a login by
	 * password or registration `token` is set: keep it. */
	void	(*logged_in)(struct kith *k, const Kith__V1__LoggedIn *login,
		    void *arg);
	/* kith_next_key() has changed, while logged in. */
	void	(*keys)(struct kith *k, void *arg);
	/* The server's database is another one than at the last login: an
	 * older backup was restored. What it lost is gone, ids of conversations
	 * count no longer, and what was written since then follows. Only with
	 * options.follow. */
	void	(*history)(struct kith *k, void *arg);
	/* The next event of its conversation; only with options.follow. */
	void	(*event)(struct kith *k, const Kith__V1__Event *event,
		    void *arg);
};

#define KITH_FOREVER		UINT32_MAX
#define KITH_FROM_UNREAD	UINT32_MAX

struct kith_options {		/* all strings are copied */
	struct event_base	*base;		/* must outlive the kith */
	const char		*host;
	uint16_t		 port;
	int			 plain;		/* no TLS: kith+plain:// */
	const char		*key;		/* "SHA256:...", or NULL */
	const char		*next_key;	/* as good as key; or NULL */
	const char		*client;	/* "kith 1.0" */
	struct kith_login	 login;
	int			 follow;	/* fetch and hand over events */
	/* With follow: begin so many events before the last of each
	 * conversation, or at KITH_FROM_UNREAD. */
	uint32_t		 back;
	/* How long to go on trying to connect, from name to login, with a last
	 * try at the end; 0: one try; KITH_FOREVER. */
	uint32_t		 retry_ms;
	uint32_t		 request_ms;	/* as kith_set_timeout() */
	/* Sends without an answer at a time; 0: one. With more, a message that
	 * is sent again may come after later ones. */
	uint32_t		 sends_at_once;
	struct kith_hooks	 hooks;
	void			*arg;		/* for the hooks */
};

/* NULL (errno is ENOMEM), or yours: free with kith_destroy(). */
struct kith	*kith_create(const struct kith_options *options);

/* Begins to connect; the hooks tell the rest. */
void		 kith_start(struct kith *k);

/* Waiting for the next try (KITH_WAITING): tries now. Otherwise nothing. */
void		 kith_reconnect(struct kith *k);

/* How long until the next try; 0: it does not wait for one. */
uint64_t	 kith_wait_ms(const struct kith *k);

/* Wipes and frees. Drops unanswered requests without a callback. */
void		 kith_destroy(struct kith *k);

/* The key that the server showed last, "SHA256:...", or "". */
const char	*kith_server_key(const struct kith *k);

/* The key that it will show next, as it said under the key that it showed last;
 * or "". */
const char	*kith_next_key(const struct kith *k);

/* Requests without an answer, sent or not. */
size_t		 kith_pending(const struct kith *k);

/* For a program that ends: fails the messages that wait. Their callbacks
 * learn what became of each. */
void		 kith_abandon_sends(struct kith *k);

/* Requests made from now on fail after so long; or KITH_FOREVER. */
void		 kith_set_timeout(struct kith *k, uint32_t request_ms);

/* This user's id, 0 before the first login. */
uint64_t	 kith_user_id(const struct kith *k);

/* -- requests ------------------------------------------------------------- */

/* Each returns 0 or a negative errno: -ENOMEM, -EMSGSIZE (over the size of a
 * frame), -ESHUTDOWN (KITH_ENDED). After 0 the callback comes exactly once,
 * unless kith_destroy() comes first, with a failure or with the answer. Without
 * a connection the request waits. It is sent again, until request_ms, after a
 * lost connection where that is harmless, and after BUSY and UNAVAILABLE. */
typedef void	(*kith_reply_fn)(struct kith *k,
		    const struct kith_failure *failure,
		    const Kith__V1__Reply *reply, void *arg);

/* The first of n client ids in a row that this user never used before. They
 * rise. */
uint64_t	kith_client_ids(struct kith *k, unsigned n);

/* Answered by `sent`, one outcome per target. client_id and the n - 1 after it
 * must be new. A copy whose id turns out to be taken is sent again with another
 * one, before the answer comes. */
int	kith_send(struct kith *k, uint64_t client_id,
	    const Kith__V1__Target *targets, size_t n, const char *text,
	    kith_reply_fn fn, void *arg);

/* Was the message with this client id, which is not answered yet, handed to a
 * connection? If not, the server cannot have it. */
int	kith_has_left(const struct kith *k, uint64_t client_id);

/* Answered by `history_page`. Either `after` or `before`, not both. */
int	kith_history(struct kith *k, const Kith__V1__Target *target,
	    uint64_t after, uint64_t before, uint32_t limit, kith_reply_fn fn,
	    void *arg);

/* Answered by `done`. For programs without options.follow; see kith_seen(). */
int	kith_mark_read(struct kith *k, uint64_t conversation, uint64_t seq,
	    kith_reply_fn fn, void *arg);

/* Answered by `conversations`. Those with an id over `after`, or the n of
 * `ids`. */
int	kith_list_conversations(struct kith *k, uint64_t after,
	    const uint64_t *ids, size_t n, kith_reply_fn fn, void *arg);

/* Answered by `conversations`, `joined`, `done`, `members`. */
int	kith_list_groups(struct kith *k, uint64_t after, kith_reply_fn fn,
	    void *arg);
int	kith_create_group(struct kith *k, const char *name, const char *topic,
	    int is_public, kith_reply_fn fn, void *arg);
int	kith_join_group(struct kith *k, const char *name, kith_reply_fn fn,
	    void *arg);
int	kith_leave_group(struct kith *k, const char *name, kith_reply_fn fn,
	    void *arg);
int	kith_list_members(struct kith *k, const char *name, uint64_t after,
	    kith_reply_fn fn, void *arg);
int	kith_invite(struct kith *k, const char *group, const char *user,
	    kith_reply_fn fn, void *arg);

/* Answered by `presences`. n == 0: all who are online, with an id over
 * `after`. */
int	kith_who(struct kith *k, char **names, size_t n, uint64_t after,
	    kith_reply_fn fn, void *arg);

/* Answered by `done`, `done`, `sessions`, `done`, `hook_created`. Those that
 * change something are not sent again. */
int	kith_logout(struct kith *k, kith_reply_fn fn, void *arg);
int	kith_change_password(struct kith *k, const char *old_password,
	    const char *new_password, kith_reply_fn fn, void *arg);
int	kith_list_sessions(struct kith *k, kith_reply_fn fn, void *arg);
int	kith_revoke_session(struct kith *k, uint64_t device, kith_reply_fn fn,
	    void *arg);
int	kith_create_hook(struct kith *k, const Kith__V1__Target *target,
	    const char *name, kith_reply_fn fn, void *arg);

/* -- what the client knows (options.follow) ------------------------------- */

struct kith_conversation {
	uint64_t	 id;
	Kith__V1__ConversationKind kind;
	char		*name;	/* "#ops", "@alice"; NULL: not known yet */
	uint64_t	 have;	/* all events up to here were handed over */
};

/* NULL if it is unknown or has no name yet; the conversation of an event that
 * was handed over has one. Valid until the next callback. */
const struct kith_conversation *kith_conversation(const struct kith *k,
	    uint64_t id);

/* By place, 0 to n - 1, for completion and lists; NULL beyond. */
const struct kith_conversation *kith_conversation_at(const struct kith *k,
	    size_t i);

/* The person at the screen saw everything up to `seq`. Marks are collected for
 * a moment; kith_pending() counts them until the read cursor has moved. Where
 * options.back has left out unread events the cursor stays: it would pass over
 * what nobody saw. */
void	kith_seen(struct kith *k, uint64_t conversation, uint64_t seq);

/* -- addresses ------------------------------------------------------------ */

struct kith_url {
	char		host[256];
	uint16_t	port;
	int		plain;
	char		invite[128];	/* or "" */
	char		key[64];	/* "SHA256:...", or "" */
};

/* kith://host[:port][/INVITE][#SHA256:...], kith+plain://..., or host[:port];
 * IPv6 in brackets. 0, or -EINVAL with *why set to a text. */
int	kith_url_parse(const char *text, struct kith_url *url,
	    const char **why);

#define KITH_ADDRESS_MAX	272
/* "host:port", as in known_servers and profiles. */
void	kith_url_address(const struct kith_url *url,
	    char out[KITH_ADDRESS_MAX]);

/* -- targets -------------------------------------------------------------- */

/* "@alice,#ops": at most `max` targets into `out`. `words` is cut up in place
 * and must outlive `out`. The number of targets (1 and up), or -EINVAL (*bad
 * has no sigil or no name), -E2BIG (more than max). */
int	kith_targets_parse(char *words, Kith__V1__Target *out, size_t max,
	    const char **bad);

#endif
