/*
 * cast.h - all of kithd's processes within a test's own: real inboxes, no forks.
 *
 * The test is whichever process it likes: it sends by ipc_send() from any of
 * them, and takes what lies in any inbox.
 */
#ifndef KITH_TESTS_CAST_H
#define KITH_TESTS_CAST_H

#include <stdbool.h>
#include <stdint.h>

#include "server/conf.h"
#include "server/ipc.h"
#include "server/proc.h"

#define CAST_WORKERS	2u
#define CAST_SLOTS	(ROLE_COUNT - 1u + CAST_WORKERS)
#define CAST_INBOX	(256u * 1024u)

struct cast {
	struct shared	 shared;
	struct conf	 conf;		/* all 0: a test sets what it needs */
	struct proc	 procs[CAST_SLOTS];
	void		*mem[CAST_SLOTS * 2 + 4];
	unsigned	 nmem;
	uint8_t		 record[RING_RECORD_MAX];	/* the last one taken */
};

void		 cast_init(struct cast *c);
void		 cast_fini(struct cast *c);

struct proc	*cast_proc(struct cast *c, enum role r, unsigned index);

/* The next record in its inbox that passes ipc_check(), which is released. The body is valid
 * until the next call. False: none. */
bool		 cast_take(struct cast *c, struct proc *p, struct ipc_head *h,
		    const uint8_t **body, uint32_t *len);

#endif
