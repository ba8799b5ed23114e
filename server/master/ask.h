/*
 * ask.h - what the master asks auth: invites and accounts, for kithctl.
 *
 * Each question is answered exactly once: by auth, or with UNAVAILABLE after
 * ASK_MS or when auth's inbox is full.
 */
#ifndef KITH_SERVER_ASK_H
#define KITH_SERVER_ASK_H

#include <stdint.h>

#include "protocol/ipc.pb-c.h"

#define ASKS_MAX	16u
#define ASK_MS		7000u	/* kithctl waits a little longer */

struct ipc_head;
struct master;

/* The answer is valid during the call. */
typedef void ask_done(struct master *m, uint64_t arg,
	    const Kith__Ipc__AdminAnswer *answer);

struct ask {
	uint64_t	 id;		/* 0: free */
	uint64_t	 deadline_ms;
	ask_done	*done;
	uint64_t	 arg;
};

struct asks {
	uint64_t	last_id;
	struct ask	open[ASKS_MAX];
};

void	ask_send(struct master *m, const Kith__Ipc__Admin *question,
	    ask_done *done, uint64_t arg);
void	ask_answered(struct master *m, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	ask_expire(struct master *m, uint64_t now);

#endif
