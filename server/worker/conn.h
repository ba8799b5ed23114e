/*
 * conn.h - one client connection of a worker: descriptor, TLS, what waits to go out.
 *
 * Life    accepted -> (TLS handshake) -> open -> closing -> lingering -> freed at the end
 *         of a turn. A connection is known by place and serial, since it may vanish
 *         between two callbacks; only inside one callback is a pointer kept.
 * Output  Frames are copied into one block and leave at the end of the turn in ONE
 *         write or TLS record (prototypes.md 5.2). The block is freed when it is empty.
 * Bounds  Over conf->output_soft, live events are left out and one Resync follows when
 *         the rest has left; over output_hard the connection closes.
 * Input   Not read while too much is unanswered: see conn_pause(). What was read then and
 *         not taken is held; otherwise there is no buffer of one's own.
 * Queues  Each connection waits in one of worker->logging_in (since it was accepted),
 *         ->heard (since something last came) and ->leaving (since it was closed), and is
 *         in ->spoken, by when something last went out. So the oldest is always first, and
 *         a tick looks at the heads alone. A door without beats (door.h) keeps its own time:
 *         it waits in ->leaving only.
 */
#ifndef KITH_SERVER_CONN_H
#define KITH_SERVER_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "protocol/error.h"
#include "protocol/frame.h"
#include "server/worker/session.h"

struct door_ops;
struct tls;
struct web;
struct worker;
struct ws;

enum conn_state {
	CONN_RECOGNISING,		/* the first byte will tell TLS or not, then the door */
	CONN_HANDSHAKE,			/* TLS */
	CONN_OPEN,
	CONN_CLOSING,			/* no more input; the output is leaving; in `leaving` */
	CONN_LINGERING,			/* all was said; input is thrown away until the peer
					 * closes; in `leaving` */
	CONN_DEAD			/* in worker->dead, freed at the end of the turn */
};

enum {					/* why input rests */
	CONN_PAUSE_FULL = 1,		/* IN_FLIGHT_MAX requests, or a login, unanswered */
	CONN_PAUSE_STALLED = 2,		/* a request waits for room in an inbox */
	CONN_PAUSE_DRAIN = 4,		/* the worker stops */
	CONN_PAUSE_CALL = 8,		/* HTTP: a request is being answered */
	CONN_PAUSE_OUTPUT = 16		/* HTTP: the answers before must leave first */
};

TAILQ_HEAD(conn_queue, conn);
STAILQ_HEAD(conn_list, conn);

struct conn {
	struct worker		*w;
	uint32_t		 place, serial;
	int			 fd;
	enum conn_state		 state;
	uint8_t			 paused;	/* CONN_PAUSE_*; 0: input is read */
	bool			 logged_in;	/* has heartbeats instead of a time to log in */
	bool			 dirty;		/* in worker->dirty */
	bool			 broken;	/* killed at the end of the turn */
	bool			 behind;	/* live events are left out: Resync is owed */
	bool			 read_wants_write;	/* TLS */
	bool			 write_wants_read;	/* TLS */
	struct tls		*tls;		/* NULL: plain */
	const struct door_ops	*door;		/* NULL: not known yet */
	struct event		 readable, writable;
	struct frame_reader	 reader;	/* native door */
	struct web		*web;		/* HTTP door, else NULL */
	struct ws		*ws;		/* WebSocket doors, else NULL */
	uint8_t			*held;		/* input read but not taken while paused */
	size_t			 held_len;
	uint8_t			*out;
	size_t			 out_at, out_len, out_cap;	/* unsent: from out_at to out_len */
	struct conn_queue	*waits_in;	/* `logging_in`, `heard` or `leaving`; or NULL */
	uint64_t		 waits_ms, spoken_ms;	/* since then, monotonic */
	uint8_t			 peer[16];	/* of the socket; IPv4 mapped */
	uint8_t			 address[16];	/* of who asks: another one behind a proxy */
	bool			 loopback;	/* the socket's */
	struct session		 session;
	TAILQ_ENTRY(conn)	 by_wait, by_spoken;
	TAILQ_ENTRY(conn)	 by_load;	/* session.loading */
	STAILQ_ENTRY(conn)	 by_dirty, by_death;
};

/* Takes `fd` over, also on failure. NULL: refused at a limit or for want of memory. Each
 * worker counts the connections of an address for itself. */
struct conn	*conn_open(struct worker *w, int fd, const uint8_t address[16], bool loopback);

/* NULL if it has gone. */
struct conn	*conn_find(struct worker *w, uint32_t place, uint32_t serial);

/* Queues bytes that the door made; sent at the end of the turn. Over the hard bound the
 * connection is broken. */
void		 conn_queue(struct conn *c, const void *bytes, size_t len);

/* The same for a live event: left out while the connection is behind, or if it would be over
 * the soft bound: then it falls behind. */
void		 conn_queue_live(struct conn *c, const void *bytes, size_t len);

/* The same for what nobody misses: left out when a live event would be, and never a cause to
 * fall behind. */
void		 conn_queue_hint(struct conn *c, const void *bytes, size_t len);

/* Live events are left out until all output has left; then Resync tells the client. */
void		 conn_fall_behind(struct conn *c);

/* Rests and resumes reading, for one of the reasons CONN_PAUSE_*. What was read and not
 * taken is offered to the door again at the end of the turn. */
void		 conn_pause(struct conn *c, unsigned why);
void		 conn_resume(struct conn *c, unsigned why);

/* Tells the client why, and closes once the output has left. */
void		 conn_close(struct conn *c, enum kith_err why);

/* The same without a word: all was said. */
void		 conn_finish(struct conn *c);

/* As conn_kill(), but at the end of the turn: safe while somebody walks the tables. */
void		 conn_break(struct conn *c);

/* Closes now. The session ends, the struct lives until the end of the turn. */
void		 conn_kill(struct conn *c);

/* The login is over: heartbeats from here on, if the door has them, and larger frames. */
void		 conn_logged_in(struct conn *c);

/* Another door has it. One without beats keeps its own time; behind it the time to log in
 * begins anew. */
void		 conn_door_changed(struct conn *c);

/* Unsent bytes. */
size_t		 conn_unsent(const struct conn *c);

/* End of a turn: writes what is queued, frees what is dead. */
void		 conn_flush_all(struct worker *w);

/* Once a turn, and so at least each WAKE_SLEEP_MAX_MS: timeouts and heartbeats. */
void		 conn_tick(struct worker *w);

#endif
