/*
 * proc.h - a role's process: what it is given at its start, and the loop that
 * every role runs.
 *
 * A role is a row of proc_roles[]. The master calls birth_start(). The child
 * drops privileges, descriptors and signals that it must not have, makes its
 * event base, and calls the role's main function, which fills in a struct
 * proc_ops and calls proc_run(). When the master dies, proc_run() returns, or
 * the kernel kills the process first.
 *
 * Loop    Drain the inbox (at most `budget` records), calling ops->record() for
 *         each; ops->turn(); ring_release(); sleep in libevent. So what turn()
 *         made durable is released, and the rest is read again by the successor
 *         of a killed process.
 */
#ifndef KITH_SERVER_PROC_H
#define KITH_SERVER_PROC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/proc/proc_role.h"
#include "shm/registry.h"
#include "shm/ring.h"
#include "shm/stats.h"
#include "shm/wake.h"

#define PROC_LISTEN_MAX	8u		/* listening sockets of one worker */
#define PROC_OPTIONS_MAX (16u * 1024u)	/* all may-reload options as text */

/* A role's exit status (EX_CONFIG of sysexits.h): the configuration is wrong,
 * so that another try would fail, too. */
#define PROC_EX_CONFIG	78

struct conf;
struct event_base;
struct handout;
struct ipc_head;
struct loop;
struct pem;
struct proc;

#define PROC_SLOTS_MAX	64u	/* processes in all, the master is slot 0 */

/* What all processes see of one process. The master writes pid, generation and
 * restarts while the process does not exist; the process writes the rest. */
struct proc_slot {
	_Atomic uint32_t	pid;		/* 0: not running */
	/* Rises with each start, from 1 */
	_Atomic uint32_t	generation;
	_Atomic uint32_t	restarts;
	/* The role serves; 0 again at its death */
	_Atomic uint32_t	ready;
	_Atomic uint32_t	was_ready;	/* once, in this run of kithd;
					 * the master's: its start was told */
	/* Monotonic, at each turn of the loop */
	_Atomic uint64_t	beat_ms;
	_Atomic uint32_t	health;		/* enum proc_health */
	/* The writer's: the database has no account yet; and which database
	 * it is (db_identity()), of the whole run of kithd. */
	_Atomic uint32_t	nobody;
	_Atomic uint64_t	database[2];
	_Atomic uint64_t	disk_free;	/* bytes, for it; 0: unknown */
	uint32_t		role, index;	/* constant */
};

/* The private handles of everything in the arena; inherited by fork. */
struct shared {
	struct arena		*arena;
	struct proc_slot	*slots;		/* PROC_SLOTS_MAX */
	struct stats_slot	*stats;		/* PROC_SLOTS_MAX */
	struct ring		 rings[PROC_SLOTS_MAX];
	struct wake		 wakes[PROC_SLOTS_MAX];
	struct registry		 registry;
	unsigned		 nslots;
	unsigned		 first[ROLE_COUNT];	/* slots by role */
	unsigned		 count[ROLE_COUNT];
};

struct proc_ops {
	/* One record of the inbox that passed the IPC table. `body` is valid
	 * until the call returns, or with budget_bytes until turn()
	 * returned. */
	void		(*record)(struct proc *p, const struct ipc_head *h,
			    const uint8_t *body, uint32_t len);
	/* After the drain. May be NULL. */
	void		(*turn)(struct proc *p);
	/* Asked after each turn until it says yes: is the slot ready? NULL:
	 * after the first turn. */
	bool		(*serves)(struct proc *p);
	/* SIGHUP: *p->conf is new. May be NULL. */
	void		(*reload)(struct proc *p);
	/* SIGTERM: begin to drain, and call proc_stop() when done. The master
	 * waits conf->drain_ms, then kills. NULL: stop at once. */
	void		(*drain)(struct proc *p);
	/* The inbox gets passwords: wipe what was read */
	bool		  wipe;
	unsigned	  budget;	/* records a turn; 0: 256 */
	/* Bytes of records kept a turn; 0: not kept */
	size_t		  budget_bytes;
};

/* What only a role that listens is given. */
struct proc_listening {
	/* The sockets of each worker; -1: unused */
	int		 fds[REGISTRY_WORKERS_MAX][PROC_LISTEN_MAX];
	struct handout	*pem, *tickets, *page;
};

struct proc {
	enum role		 role;
	unsigned		 index;		/* among its role */
	unsigned		 slot;
	uint32_t		 generation;
	const struct conf	*conf;	/* own copy; a reload frees its texts */
	struct shared		*shared;
	struct event_base	*base;
	struct stats_slot	*stats;		/* own */
	const struct proc_ops	*ops;
	void			*state;		/* the role's own struct */
	struct handout		*options;
	/* NULL: the role does not listen */
	struct proc_listening	*listening;
	/* Readable when the master is gone; or -1 */
	int			 life_fd;
	bool			 stopping;
	bool			 again;		/* proc_again() was called */
	/* ipc.c's: slots (bits) that wait to be woken, for how many records,
	 * since when */
	uint64_t		 owed;
	unsigned		 owed_records;
	uint64_t		 owed_since_ms;
	struct loop		*loop;		/* known to proc.c only */
};

/* Runs the loop until proc_stop(), or until the master is gone. Marks the slot
 * ready as soon as the role serves. Returns 0. */
int		proc_run(struct proc *p, const struct proc_ops *ops);
void		proc_stop(struct proc *p);

/* There is more to do: do not sleep before the next turn. */
void		proc_again(struct proc *p);

/* Copies the current key and certificate; wipe `out` after use. 0, -EBADF (the
 * role does not listen), or another -errno. */
int		proc_pem(struct proc *p, struct pem *out);

#endif
