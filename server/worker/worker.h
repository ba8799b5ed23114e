/*
 * worker.h - what the files of the worker role share. All of it is one
 * process's own.
 */
#ifndef KITH_SERVER_WORKER_H
#define KITH_SERVER_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "protocol/unpackmem.h"
#include "server/lib/client_id.h"
#include "server/lib/index.h"
#include "server/proc/proc.h"
#include "server/tls/tls.h"
#include "server/worker/conn.h"
#include "server/worker/wrapped.h"

struct dispatch_row;
struct page;
struct web_rules;

/* A request that found the inbox of its process full. The connection rests. */
struct stalled {
	uint32_t		 place, serial;	/* of the connection */
	const struct dispatch_row *row;
	uint64_t		 id;
	uint32_t		 len;
	STAILQ_ENTRY(stalled)	 next;
	uint8_t			 body[];
};

struct worker {
	struct proc		*p;
	struct tls_ctx		*tls;		/* of the certificate of now */
	uint64_t		(*clock)(void);	/* monotonic ms; a test's own */
	const struct door_ops	*const *doors;	/* the first is the default;
						 * NULL at the end */
	const struct conn_ops	*conn_ops;
	struct page		*page;		/* web_page.c; NULL: none */
	struct web_rules	*web_rules;	/* door_http.c */

	/* Connections. */
	struct conn		**conns;	/* by place; NULL: free */
	uint32_t		*free_places;
	uint32_t		 nconns, nfree, places, last_serial;
	struct conn_queue	 logging_in, heard, leaving;	/* conn.h */
	struct conn_queue	 spoken;
	struct conn_list	 dirty, dead;
	struct index		 addresses;	/* by hash of the address */
	unsigned		 handshakes;	/* steps of TLS in this turn */

	/* Sessions. */
	uint32_t		 nsessions;
	TAILQ_HEAD(, request)	 requests;	/* by deadline */
	STAILQ_HEAD(, stalled)	 stalled;
	struct conn_queue	 to_load, loads;	/* session.h, LOAD_* */
	uint32_t		 nloads;	/* in `loads` */
	struct index		 users;		/* registered, by user */
	struct index		 groups;	/* READY ones, by group */
	struct client_ids	 client_ids;	/* made so far */
	struct event		 retry;		/* of stalled requests */
	uint64_t		 dropped;	/* of our inbox, as last seen */
						/* the same: */
	uint32_t		 auth_generation[PROC_SLOTS_MAX];

	/* Listening. */
	struct event	 listening[REGISTRY_WORKERS_MAX][PROC_LISTEN_MAX];
						/* from that worker's: */
	bool			 accepting[REGISTRY_WORKERS_MAX];
	struct event		 pause;		/* accepting goes on after it */
	int			 reserve_fd;	/* given up for a moment when
						 * descriptors run out */

	/* One thing at a time. */
	struct unpackmem	 mem;		/* the request at hand */
	struct unpackmem	 reply_mem;	/* a Reply on its way to JSON */
	struct wrapped		 wrapped;	/* a Reply on its way out */
	uint8_t			 packed[FRAME_BYTES_MAX];	/* our Reply */
						/* wiped after each use: */
	uint8_t			 input[TLS_RECORD_BYTES];
	uint8_t			 request[FRAME_BYTES_MAX];	/* of JSON */
	char			 json[JSON_BYTES_MAX + 1];	/* of a Reply */

	uint64_t		 now;		/* monotonic ms, of this turn or
						 * callback */
	bool			 draining;
	uint64_t		 drain_began;
};

/* worker.c: what worker_run() runs, piece by piece for tests. To set up, `w` is
 * zeroed except for w->clock, w->doors, w->tls and w->p. 0 or -ENOMEM. */
int	worker_set_up(struct worker *w);
void	worker_record(struct proc *p, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	worker_turn(struct proc *p);
void	worker_drain(struct proc *p);
void	worker_tear_down(struct worker *w);

/* The role, with the doors that clients may come by. Returns the exit
 * status. */
int	worker_run(struct proc *p, const struct door_ops *const *doors);

/* deliver.c: records that go to many sessions. */
void	deliver_event(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	deliver_cursor(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	deliver_typing(struct worker *w, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);

/* accept.c: new connections; those of a worker that hangs, too. */
int	accept_start(struct worker *w);
void	accept_tend(struct worker *w);
void	accept_stop(struct worker *w);

/* A connection of `fd`, which is taken over, and which is read from here on.
 * NULL: refused (conn_open()). */
struct conn *accept_conn(struct worker *w, int fd, const uint8_t address[16],
	    bool loopback);

#endif
