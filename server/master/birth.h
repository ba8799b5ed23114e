/*
 * birth.h - how the master makes a role's process.
 *
 * The child gives up, in this order: signal handlers, descriptors that it was
 * not given, handouts that it is not entitled to, the rest of the file system,
 * root, and the way back to it. Then it runs its role's main.
 */
#ifndef KITH_SERVER_BIRTH_H
#define KITH_SERVER_BIRTH_H

#include <stdbool.h>
#include <sys/types.h>

#include "server/handout/handout.h"
#include "server/proc/proc.h"

/* In the state directory: the root of roles that see nothing. */
#define BIRTH_EMPTY_DIR	"empty"

struct listeners;

/* What the master keeps ready for each birth. All borrowed. */
struct birth {
	const struct proc_role	*roles;
	struct conf		*conf;
	struct shared		*shared;
	const struct listeners	*listeners;
	struct handout		 options, pem, tickets, page;
	/* End-of-file when the master is gone */
	int			 life_fd;
	bool			 drops;	/* started as root: to this user */
	uid_t			 uid;
	gid_t			 gid;
	/* What the next child will be; made before the fork, which copies
	 * it. */
	struct proc		 proc;
	struct proc_listening	 listening;
};

/* No core dumps, and no tracing by others of the same user. For the master and
 * for every role: each is a copy of the master, which sees passwords and the
 * key. */
void	birth_protect(void);

/* Forks the process of `slot`, and fills in the slot except `restarts`. The
 * child never returns. Its pid, or -errno. */
pid_t	birth_start(struct birth *b, unsigned slot);

#endif
