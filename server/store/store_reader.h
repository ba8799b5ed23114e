/*
 * store_reader.h - the reader role: answers what changes nothing.
 */
#ifndef KITH_SERVER_STORE_READER_H
#define KITH_SERVER_STORE_READER_H

#include "server/store/store_int.h"

/* The pieces of store_reader_main(), which tests drive without a loop. 0 or
 * -ENOMEM. */
int	store_reader_init(struct store *s, struct proc *p);
void	store_reader_fini(struct store *s);
void	store_reader_record(struct proc *p, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);

#endif
