/*
 * fake_shared.h - the shared memory of a small server, for tests without a master.
 *
 * One process of each role but two of the workers: slots 0 master, 1 log, 2 writer,
 * 3 reader, 4 auth, 5 and 6 worker. All run, in generation 3.
 */
#ifndef KITH_TESTS_FAKE_SHARED_H
#define KITH_TESTS_FAKE_SHARED_H

#include "server/proc/proc.h"

#define FAKE_GENERATION	3u

/* Yours, free with fake_shared_destroy(). */
struct shared	*fake_shared_create(void);
void		 fake_shared_destroy(struct shared *s);

/* A process of it, as a role's main would get. */
struct proc	 fake_proc(struct shared *s, unsigned slot);

#endif
