/*
 * store_batch.h - the writer's batch: messages, read cursors and "last seen" of
 * one turn, in one transaction.
 *
 * Collecting asks the database nothing; store_batch_run() does all and answers.
 * What must keep its order with a batch (group operations, accounts) runs it
 * first.
 *
 * Crash  Killed before the commit: nothing is stored, and all is read again.
 *        After it: all is read again, each message is found by (sender, client
 *        id), answered, and told again.
 */
#ifndef KITH_SERVER_STORE_BATCH_H
#define KITH_SERVER_STORE_BATCH_H

#include "server/store/store_int.h"

int	store_batch_init(struct store *s);	/* 0 or -ENOMEM */
void	store_batch_fini(struct store *s);

/* The requests. A malformed one is answered at once and not collected. */
void	store_batch_send(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_batch_mark(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_batch_seen(struct store *s, uint64_t user, uint64_t time_ms);

/* Stores, commits, answers, tells. The batch is empty afterwards, whatever
 * happened. */
void	store_batch_run(struct store *s);

#endif
