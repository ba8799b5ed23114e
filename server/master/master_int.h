/*
 * master_int.h - the master's state, shared by master*.c, ask.c and control*.c alone.
 */
#ifndef KITH_SERVER_MASTER_INT_H
#define KITH_SERVER_MASTER_INT_H

#include "server/master/ask.h"
#include "server/master/birth.h"
#include "server/master/control.h"
#include "server/master/listen.h"
#include "server/master/master.h"
#include "server/master/state.h"
#include "server/tls/tls.h"

#define UNREADY_FACTOR		60u	/* so much longer may a start take than a turn */
#define BACKOFF_MIN_MS		100u
#define BACKOFF_MAX_MS		30000u
#define INVITE_AGAIN_MS		2000u	/* the database may be away at the first start */
#define SHORT_LIFE_MS		1000u

struct pem;

enum master_phase {
	MASTER_STARTING,	/* roles up to `reached` are started */
	MASTER_SERVING,		/* all were ready at one time */
	MASTER_STOPPING,	/* roles above `reached` are gone, it has its SIGTERM */
	MASTER_DONE
};

/* One slot's process as the master sees it. */
struct child {
	pid_t		pid;		/* 0: none */
	uint64_t	born_ms;
	uint64_t	due_ms;		/* no process: start it then; 0: not wanted */
	uint64_t	kill_ms;	/* stopping: SIGKILL then; 0: not stopping */
	unsigned	backoff_ms;	/* before the next start, if it dies unready */
};

/* What commands may do with the loop (master.c). */
struct master_ops {
	bool	(*is_ready)(const struct master *m);	/* every role serves now */
	void	(*stop)(struct master *m);
};

struct master {
	const struct master_ops	*ops;
	struct conf		*conf;
	const struct master_args *args;
	struct state_owner	 owner;
	struct shared		 shared;
	struct proc		 self;		/* slot 0 */
	struct birth		 birth;
	struct listeners	 listeners;
	struct child		 children[PROC_SLOTS_MAX];
	struct asks		 asks;
	struct control		 control;
	char			 fingerprint[TLS_FINGERPRINT_MAX];
	enum master_phase	 phase;
	enum role		 reached;
	bool			 told_ready;
	unsigned		 watchdog_ms;
	int			 status;	/* of the exit */
	int			 lock_fd, signal_fd;
	int			 life_fds[2];	/* nobody writes: it ends with us */
	uint64_t		 started_ms, tick_ms, rotate_ms;
	uint64_t		 invite_ms;	/* ask for the first invite then; 0: no */
};

/* master_setup.c: everything before the first fork. 0 or -1 with err; what was made is
 * freed by master_teardown(). */
int	master_setup(struct master *m, char *err, size_t errlen);
void	master_teardown(struct master *m);

/* master_reload.c. 0 or -1 with err, and nothing has changed. */
int	master_load_certificate(struct master *m, const struct conf *c, char *err, size_t errlen);

/* Reads key and certificate, and checks that they fit together. Wipe `pem` after use. */
int	master_read_certificate(const struct conf *c, struct pem *pem,
	    char fingerprint[TLS_FINGERPRINT_MAX], char *err, size_t errlen);
int	master_hand_out_options(struct master *m);

/* Hands out the web page's files. What cannot be read is logged. */
void	master_load_page(struct master *m);
int	master_reload(struct master *m, char *err, size_t errlen);

/* children.c. children_reap(): a role refuses the configuration, so the start is over. */
void	children_want(struct master *m, enum role r);		/* starts a role's processes */
void	children_start_due(struct master *m, uint64_t now);
bool	children_reap(struct master *m);
void	children_watch(struct master *m, uint64_t now);		/* hung ones, overdue ones */
void	children_count_repairs(struct master *m);		/* of what the dead held */
void	children_term(struct master *m, enum role r, uint64_t now);
void	children_signal(struct master *m, int sig);		/* to all that run */
bool	children_ready(const struct master *m, enum role r);
bool	children_gone(const struct master *m, enum role r);
uint64_t children_next_due(const struct master *m);		/* UINT64_MAX: none */

#endif
