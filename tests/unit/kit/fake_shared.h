/*
 * fake_shared.h - the shared memory of a small server, for tests without a
 * master.
 *
 * One process of each role, and two workers. All run, in generation 3.
 */
#ifndef KITH_TESTS_FAKE_SHARED_H
#define KITH_TESTS_FAKE_SHARED_H

#include "server/proc/proc.h"

#define FAKE_GENERATION	3u
#define FAKE_WORKERS	2u

/* The slot of a role's first process: no role before the workers has two. */
#define FAKE_SLOT(role)	((unsigned)(role))

/* Yours, free with fake_shared_destroy(). */
struct shared	*fake_shared_create(void);
void		 fake_shared_destroy(struct shared *s);

/* A process of it, as a role's main would get. */
struct proc	 fake_proc(struct shared *s, unsigned slot);

#endif
