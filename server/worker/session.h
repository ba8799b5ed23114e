/*
 * session.h - one login on one connection: its states, its requests in flight,
 * the groups that it follows.
 */
#ifndef KITH_SERVER_SESSION_H
#define KITH_SERVER_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "protocol/error.h"
#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"
#include "server/lib/limit.h"

struct conn;
struct ipc_head;
struct worker;

enum session_state {		/* bits, for the rows of dispatch.c */
	S_CONNECTED	= 1,	/* Hello is expected */
	S_GREETED	= 2,
	S_LOGGING_IN	= 4,	/* auth is asked; no input is taken */
	S_LOADING	= 8,	/* in the registry; a reader is asked for the
				 * groups */
	S_READY		= 16,
	S_ENDED		= 32	/* in no table */
};

/* A request that another process answers. */
struct request {
	uint64_t		 id;		/* the client's */
	uint32_t		 place, serial;	/* of the connection */
	uint32_t		 slot;		/* of the process asked, and */
	uint32_t		 generation;	/* its generation then */
	uint64_t		 deadline;	/* monotonic ms */
	bool			 login;		/* until LoggedIn is sent */
	TAILQ_ENTRY(request)	 by_deadline;	/* worker->requests */
	LIST_ENTRY(request)	 of_session;
};

/* A MEMBER record that came between LOAD and LOADED. */
struct session_change {
	uint64_t	group;
	bool		joined;
};

/* Is a reader asked which groups it follows? At login, and again when records
 * to this worker were lost. */
enum session_load {
	LOAD_NONE,
	LOAD_WANTED,		/* in worker->to_load */
	LOAD_SENT		/* in worker->loads, by when it was sent */
};

struct session {
	enum session_state	 state;		/* session_become() */
	enum session_load	 loading;
	uint32_t		 load;		/* number of the last LOAD; its
						 * answer alone counts */
	uint64_t		 load_ms;	/* LOAD_SENT: since when */
	bool			 registered;	/* in the registry and in
						 * worker->users */
	uint32_t		 in_flight;
	/* Set by a door before the login. light: of one call and in no table;
	 * its user gets no news here and does not count as online. by_hook: the
	 * token is a hook's; light sessions alone. */
	bool			 light, by_hook;
	/* Of the login. */
	uint64_t		 user, device;
	bool			 admin;
	char			 name[NAME_BYTES_MAX + 1];	/* the user's */
	uint64_t		 hook;		/* the conversation that it may
						 * send to, and nothing else; 0:
						 * all that the user may */
	char			 hook_name[HOOK_NAME_BYTES_MAX + 1];
	LIST_HEAD(, request)	 requests;
	struct limit_bucket	 sends;
	uint64_t		*groups;	/* followed */
	uint32_t		 ngroups;
	struct session_change	*changes;	/* since LOAD_SENT */
	uint32_t		 nchanges;
	uint8_t			*welcome;	/* S_LOADING: LoggedIn */
	uint32_t		 welcome_len;
};

/* Connected, and all else zero. */
void	session_init(struct session *s);

/* May a session in state `from` go on to `to`? session_become() is the only
 * place where it does. */
bool	session_may_become(enum session_state from, enum session_state to);
void	session_become(struct conn *c, enum session_state to);

/* One request, as bytes. Answers it, passes it on, or pauses the connection. */
void	session_request(struct conn *c, const uint8_t *body, uint32_t len);

/* Instead of a Request came something that could be read as far as its id. */
void	session_malformed(struct conn *c, uint64_t id, enum kith_err err);

/* Tells the client why, and closes once the output has left. */
void	session_close(struct conn *c, enum kith_err why);

/* Out of all tables; tells the writer when the user was last seen. */
void	session_end(struct conn *c);

bool	session_follows(const struct session *s, uint64_t group);

/* Ends it and begins another one on the same connection, perhaps another
 * user's. What the old one asked is answered to nobody: the connection is known
 * by a new serial from here on. What was spent on sending stays spent. */
void	session_restart(struct conn *c);

/* Replies to this client; `r` is packed at once. What the door cannot send is
 * logged and counted, and its request is answered with an error. */
void	session_reply(struct conn *c, const Kith__V1__Reply *r);
void	session_error(struct conn *c, uint64_t id, enum kith_err code,
	    const char *text, uint32_t retry_after_ms);

/* Closing, as a Reply. */
void	session_say_closing(struct conn *c, enum kith_err why);

/* The hooks of struct conn_ops that are the session's (conn.h). */
void	session_silent(struct conn *c);
void	session_beat(struct conn *c);
void	session_say_resync(struct conn *c);

/* Records of the other processes. */
void	session_on_reply(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	session_on_login(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	session_on_loaded(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	session_on_member(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	session_on_revoked(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);

/* Records to this worker were dropped, nobody knows which: every session loads
 * again, every request fails with a short retry_after. */
void	session_distrust_all(struct worker *w);

/* Once a turn: a request that found no room is tried again; requests that are
 * overdue, or whose process died with them, fail. */
void	session_tick(struct worker *w);

/* Drops the requests that found no room, at the worker's end. */
void	session_drop_stalled(struct worker *w);

#endif
