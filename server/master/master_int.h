/*
 * master_int.h - the master's state, for the files of this room alone.
 */
#ifndef KITH_SERVER_MASTER_INT_H
#define KITH_SERVER_MASTER_INT_H

#include "server/lib/notes.h"
#include "server/master/ask.h"
#include "server/master/birth.h"
#include "server/master/control.h"
#include "server/master/listen.h"
#include "server/master/master.h"
#include "server/master/state.h"
#include "server/tls/tls.h"

#define UNREADY_FACTOR		60u	/* start-up timeout = watchdog x 60 */
#define BACKOFF_MIN_MS		100u
#define BACKOFF_MAX_MS		30000u
/* The database may be away at the first start */
#define INVITE_AGAIN_MS		2000u
#define SHORT_LIFE_MS		1000u

struct pem;

enum master_phase {
	MASTER_STARTING,	/* roles up to `reached` are started */
	MASTER_SERVING,		/* all were ready at one time */
	/* Roles above `reached` are gone; it has had SIGTERM */
	MASTER_STOPPING,
	MASTER_DONE
};

/* One slot's process as the master sees it. */
struct child {
	pid_t		pid;		/* 0: none */
	uint64_t	born_ms;
	uint64_t	due_ms;	/* no process: start it then; 0: not wanted */
	/* Stopping: SIGKILL then; 0: not stopping */
	uint64_t	kill_ms;
	/* Before the next start, if it dies unready */
	unsigned	backoff_ms;
};

/* What commands may do with the loop (master.c). */
struct master_ops {
	/* All roles have been ready once, and it does not stop */
	bool	(*has_started)(const struct master *m);
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
	int64_t			 certificate_end_s;	/* since 1970 */
	/* What the last start or reload allowed, but probably was not meant */
	struct notes		 notes;
	enum master_phase	 phase;
	enum role		 reached;
	bool			 told_ready;
	unsigned		 watchdog_ms;
	int			 status;	/* of the exit */
	struct state_lock	 lock;
	int			 signal_fd;
	int			 database_fd;	/* state_pin(); or -1 */
	/* What the paths of these lead to, as last seen */
	enum state_path		 pid_file, control_socket;
	/* Nobody writes; it closes when we die */
	int			 life_fds[2];
	uint64_t		 started_ms, tick_ms;
	uint64_t		 rotate_ms, expiry_ms, files_ms;
	/* Ask for the first invite then; 0: no */
	uint64_t		 invite_ms;
};

/* -- master_setup.c ------------------------------------------------------- */

/* Everything before the first fork. 0, or the exit status with err; call
 * master_teardown() in both cases. */
int	master_setup(struct master *m, char *err, size_t errlen);
void	master_teardown(struct master *m);

/* -- master_pem.c --------------------------------------------------------- */

/* Reads key and certificate, and checks that they fit together. Wipe `pem`
 * after use. 0, or -1 with err. */
int	master_read_certificate(const struct conf *c, struct pem *pem,
	    char fingerprint[TLS_FINGERPRINT_MAX], char *err, size_t errlen);

/* -- master_reload.c: 0, or -1 with err and nothing has changed ----------- */

int	master_load_certificate(struct master *m, const struct conf *c,
	    char *err, size_t errlen);

int	master_hand_out_options(struct master *m);

/* Hands out the web page's files. Files that cannot be read are logged. */
void	master_load_page(struct master *m);
/* Logs what a start or a reload noted. */
void	master_log_notes(const struct master *m);

/* Warns once a day of the certificate's end. */
void	master_watch_certificate(struct master *m, uint64_t now);
int	master_reload(struct master *m, char *err, size_t errlen);

/* -- master_watch.c ------------------------------------------------------- */

/* Once a second: makes the pid file and the control socket again if somebody
 * removed them, and keeps the number of kith.db. */
void	master_watch_files(struct master *m, uint64_t now);

/* -- children.c ----------------------------------------------------------- */

/* All processes of a role are to run from now on. */
void	children_want(struct master *m, enum role r);
void	children_start_due(struct master *m, uint64_t now);
uint64_t children_next_due(const struct master *m);	/* UINT64_MAX: none */

/* true: a role refuses the configuration, so the start is over. */
bool	children_reap(struct master *m);

/* Kills those that hang, or that have not drained in time. */
void	children_watch(struct master *m, uint64_t now);
void	children_term(struct master *m, enum role r, uint64_t now);
void	children_signal(struct master *m, int sig);
bool	children_ready(const struct master *m, enum role r);
/* Each is ready, or says why not: it waits for its database. */
bool	children_answer(const struct master *m, enum role r);
bool	children_gone(const struct master *m, enum role r);

/* Keeps the counter of locks that were repaired after a death. */
void	children_count_repairs(struct master *m);

#endif
