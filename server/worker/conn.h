/*
 * conn.h - one client connection of a worker: bytes in, bytes out, and time.
 *
 * It knows sockets, TLS, and how much may wait. What the bytes mean is known
 * above: a door makes requests of them (door.h), a session answers (session.h).
 * The connection speaks to both through struct conn_ops, and names neither.
 *
 * Life    accepted -> (TLS handshake) -> open -> closing -> lingering -> freed
 *         at the end of a turn. It may vanish between two callbacks, so it is
 *         kept by place and serial; only inside one callback by pointer.
 * Output  Copied into one block, which leaves at the end of the turn in ONE
 *         write or TLS record. Wiped when it has left.
 * Bounds  Over conf->output_soft, live events are left out, and one Resync
 *         follows when the rest has left; nor is input read by then, so what
 *         still comes are the replies to IN_FLIGHT_MAX requests. Over
 *         output_hard the connection closes.
 * Input   Not read while too much is unanswered: conn_pause(). What was read
 *         by then and not taken is held; there is no other buffer.
 * Time    Each connection waits in one of worker->logging_in (since it was
 *         accepted), ->heard (since something last came) and ->leaving (since
 *         it was closed), and is in ->spoken, by when something last went out.
 *         The oldest is always first, so a tick looks at the heads alone.
 */
#ifndef KITH_SERVER_CONN_H
#define KITH_SERVER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "server/worker/outbuf.h"
#include "server/worker/session.h"

struct conn;
struct door_ops;
struct tls;
struct worker;

/* What a connection asks of the layers above it: worker->conn_ops. */
struct conn_ops {
	/* TLS is up; `alpn` is the protocol that was agreed on, "" if none.
	 * False: nobody speaks it, the connection ends. */
	bool	(*agreed)(struct conn *c, const char *alpn);

	/* `first` is the first byte of a client that should have begun with
	 * TLS. The connection ends; an answer by send() is a courtesy. */
	void	(*refuse_plain)(struct conn *c, uint8_t first);

	/* Takes input until none is left, or the connection rests or ends; *at
	 * and *len tell what was not taken, which is held. After a rest it may
	 * come with *len 0: input that was taken before can be used now. */
	void	(*input)(struct conn *c, const uint8_t **at, size_t *len);

	/* Nothing came in time: closes it. */
	void	(*silent)(struct conn *c);

	/* Nothing was sent for conf->heartbeat_ms. */
	void	(*beat)(struct conn *c);

	/* Live events were left out, and all other output has left. */
	void	(*caught_up)(struct conn *c);

	/* No input is taken any more. Called once or more. */
	void	(*ended)(struct conn *c);

	/* The struct is freed next. Called once. */
	void	(*freed)(struct conn *c);
};

enum conn_state {
	CONN_RECOGNISING,	/* the first byte will tell TLS from plain */
	CONN_HANDSHAKE,		/* TLS */
	CONN_OPEN,
	CONN_CLOSING,		/* no more input; the output is leaving */
	CONN_LINGERING,		/* all was said; input is thrown away until the
				 * peer closes */
	CONN_DEAD		/* in worker->dead, freed at the turn's end */
};

enum {				/* why input rests */
	CONN_PAUSE_FULL = 1,	/* session: IN_FLIGHT_MAX requests, or a login,
				 * are unanswered */
	CONN_PAUSE_STALLED = 2,	/* session: a request waits for an inbox */
	CONN_PAUSE_DRAIN = 4,	/* the worker stops */
	CONN_PAUSE_DOOR = 8,	/* the door answers what it took */
	CONN_PAUSE_OUTPUT = 16	/* until all output has left */
};

enum conn_watch {		/* what ops->silent() waits for */
	CONN_WATCH_NONE,	/* the door keeps its own time */
	CONN_WATCH_LOGIN,	/* conf->login_ms from here on */
	CONN_WATCH_INPUT	/* HEARTBEAT_MISSED_MAX beats without a byte */
};

TAILQ_HEAD(conn_queue, conn);
STAILQ_HEAD(conn_list, conn);

struct conn {
	struct worker		*w;
	uint32_t		 place, serial;
	int			 fd;
	enum conn_state		 state;
	uint8_t			 paused;	/* CONN_PAUSE_*; 0: it reads */
	bool			 rested;	/* input() is owed a call */
	bool			 dirty;		/* in worker->dirty */
	bool			 broken;	/* killed at the turn's end */
	bool			 behind;	/* live events are left out */
	bool			 read_wants_write;	/* TLS */
	bool			 write_wants_read;	/* TLS */
	bool			 loopback;	/* the socket's */
	struct tls		*tls;		/* NULL: plain */
	struct event		 readable, writable;
	uint8_t			*held;		/* read, but not taken */
	size_t			 held_len;
	struct outbuf		 out;
	struct conn_queue	*waits_in;	/* logging_in, heard, leaving,
						 * or NULL */
	uint64_t		 waits_ms, spoken_ms;	/* since, monotonic */
	uint8_t			 peer[16];	/* of the socket; IPv4 mapped */
	uint8_t			 address[16];	/* the client's: another one
						 * behind a proxy */
	TAILQ_ENTRY(conn)	 by_wait, by_spoken;
	STAILQ_ENTRY(conn)	 by_dirty, by_death;

	/* The layers above; nothing of it is used in conn*.c. */
	const struct door_ops	*door;		/* NULL: not known yet */
	void			*door_state;	/* made by door->begin() */
	struct session		 session;
	TAILQ_ENTRY(conn)	 by_load;	/* session.loading */
};

/* Takes `fd` over, also on failure. Nothing is read before conn_start_input().
 * NULL: refused at a limit, or no memory. Each worker counts the connections of
 * an address for itself. */
struct conn	*conn_open(struct worker *w, int fd, const uint8_t address[16],
		    bool loopback);

/* NULL if it has gone. */
struct conn	*conn_find(struct worker *w, uint32_t place, uint32_t serial);

/* Queues bytes, which are sent at the end of the turn. Over the hard bound the
 * connection is broken. */
void		 conn_queue(struct conn *c, const void *bytes, size_t len);

/* The same for a live event: left out while the connection is behind. One that
 * would be over the soft bound makes it fall behind. */
void		 conn_queue_live(struct conn *c, const void *bytes, size_t len);

/* The same for a hint, which nobody misses: left out when a live event would
 * be, and never a cause to fall behind. */
void		 conn_queue_hint(struct conn *c, const void *bytes, size_t len);

/* Live events are left out until all output has left; then ops->caught_up(). */
void		 conn_fall_behind(struct conn *c);

/* Rests and resumes reading, for one of the reasons CONN_PAUSE_*. What was read
 * and not taken is offered again at the end of the turn. */
void		 conn_pause(struct conn *c, unsigned why);
void		 conn_resume(struct conn *c, unsigned why);

/* From here on, something else must come in time. */
void		 conn_watch(struct conn *c, enum conn_watch what);

/* Closes once the output has left. */
void		 conn_finish(struct conn *c);

/* Logs that the connection is refused, with its address: for fail2ban. */
void		 conn_log_refused(const struct conn *c, const char *reason);

/* As conn_kill(), but at the end of the turn: safe while somebody walks the
 * tables. */
void		 conn_break(struct conn *c);

/* Closes now. The struct lives until the end of the turn. */
void		 conn_kill(struct conn *c);

/* Unsent bytes. */
size_t		 conn_unsent(const struct conn *c);

/* End of a turn: writes what is queued, frees what is dead. */
void		 conn_flush_all(struct worker *w);

/* Once a turn, and so at least each WAKE_SLEEP_MAX_MS: timeouts, heartbeats. */
void		 conn_tick(struct worker *w);

/* conn_input.c: reading begins, with the first byte or the TLS handshake. */
void		 conn_start_input(struct conn *c);

/* May it speak without TLS? */
bool		 conn_may_be_plain(const struct conn *c);

/* For conn_input.c: looked at in this turn's flush, also with nothing to
 * send. */
void		 conn_flush_soon(struct conn *c);

/* For conn_input.c: a byte came. */
void		 conn_heard(struct conn *c);

#endif
