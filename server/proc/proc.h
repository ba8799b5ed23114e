/*
 * proc.h - a role's process: what it is given at its birth, and the loop that every
 * role runs.
 *
 * A role is a row of proc_roles[]. The master calls birth_start(); the
 * child drops what it must not have (privileges, descriptors, signals), makes its
 * event base, and calls the role's main function, which fills in a
 * struct proc_ops and calls proc_run(). When the master dies, proc_run() returns
 * (or the kernel kills the process first).
 *
 * Loop    drain the inbox (at most `budget` records) -> ops->record() each ->
 *         ops->turn() -> ring_release() -> sleep in libevent. So what turn()
 *         made durable is released, and what it did not is read again by the
 *         successor of a killed process.
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
#define PROC_EX_CONFIG	78		/* a role's exit status: the configuration is wrong,
					 * waiting will not help (EX_CONFIG of sysexits.h) */

struct conf;
struct event_base;
struct handout;
struct ipc_head;
struct loop;
struct pem;
struct proc;

#define PROC_SLOTS_MAX	64u		/* processes in all, the master is slot 0 */

/* What all processes see of one process. The master writes pid, generation and restarts
 * while the process does not exist; the process itself writes the rest. */
struct proc_slot {
	_Atomic uint32_t	pid;		/* 0: not running */
	_Atomic uint32_t	generation;	/* rises with each start, from 1 */
	_Atomic uint32_t	restarts;
	_Atomic uint32_t	ready;		/* the role serves; 0 again at its death */
	_Atomic uint64_t	beat_ms;	/* monotonic, at each turn of the loop */
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
	unsigned		 first[ROLE_COUNT], count[ROLE_COUNT];	/* slots by role */
};

struct proc_ops {
	/* One record of the inbox that passed the IPC table. `body` is valid until the
	 * call returns, unless budget_bytes is set: then until turn() returned. */
	void		(*record)(struct proc *p, const struct ipc_head *h,
			    const uint8_t *body, uint32_t len);
	void		(*turn)(struct proc *p);	/* after the drain; may be NULL */
	void		(*reload)(struct proc *p);	/* SIGHUP; *p->conf is new; may be NULL */
	/* SIGTERM: begin to drain. Call proc_stop() when done; the master waits
	 * conf->drain_ms, then kills. NULL: stop at once. */
	void		(*drain)(struct proc *p);
	bool		  wipe;			/* its inbox gets passwords: no byte of it stays */
	unsigned	  budget;		/* records a turn; 0: 256 */
	size_t		  budget_bytes;		/* bytes of records kept a turn; 0: not kept */
};

/* What only a role that listens is given. */
struct proc_listening {
	int		 fds[PROC_LISTEN_MAX];	/* sockets; -1: unused */
	struct handout	*pem, *tickets, *page;
};

struct proc {
	enum role		 role;
	unsigned		 index;		/* among its role */
	unsigned		 slot;
	uint32_t		 generation;
	const struct conf	*conf;		/* own copy; a reload frees its texts: keep none */
	struct shared		*shared;
	struct event_base	*base;
	struct stats_slot	*stats;		/* own */
	const struct proc_ops	*ops;
	void			*state;		/* the role's own struct */
	struct handout		*options;
	struct proc_listening	*listening;	/* NULL unless the role's row says so */
	int			 life_fd;	/* readable when the master is gone; -1: none */
	bool			 stopping;
	bool			 again;		/* proc_again() was called */
	struct loop		*loop;		/* known to proc.c only */
};

/* The role of a slot, as the master laid it out; ROLE_COUNT: no such slot. Does
 * not read shared memory. */
enum role	proc_slot_role(const struct shared *s, unsigned slot);

/* Runs the loop until proc_stop(), or until the master is gone. Marks the slot ready after its
 * first turn unless the role did so before. Returns 0. */
int		proc_run(struct proc *p, const struct proc_ops *ops);
void		proc_stop(struct proc *p);

/* The turn does not sleep next time: there is more to do. */
void		proc_again(struct proc *p);

/* The key and certificate of now, copied; wipe `out` after use. 0, -EBADF (the role does
 * not listen), or another -errno. */
int		proc_pem(struct proc *p, struct pem *out);

#endif
