/*
 * store_writer.h - the writer role: the one that writes, hence the sequencer.
 */
#ifndef KITH_SERVER_STORE_WRITER_H
#define KITH_SERVER_STORE_WRITER_H

#include "server/store/store_int.h"

/* The pieces of store_writer_main(), which tests drive without a loop. Init
 * attaches to the inbox and connects, if it can: 0 or -ENOMEM. */
int	store_writer_init(struct store *s, struct proc *p);
void	store_writer_fini(struct store *s);
void	store_writer_record(struct proc *p, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);
void	store_writer_turn(struct proc *p);

#endif
