/*
 * registry.h - who is online where, and which workers have members of a group
 * online: the typed face of two tables.
 *
 * sessions  key user id; one entry per session. The worker adds and removes its
 *           own; the store reads where to send; the master sweeps a dead worker's.
 * groups    key group id; one entry with a count of following sessions per
 *           worker. The worker changes its own count.
 *
 * Lock   All calls may be made by any process and hold one stripe's lock inside;
 *        registry_find() and the ..._workers() go without it as long as they can.
 *        They return 0 or a negative errno of table.h: -ENOSPC, the server is
 *        full; -EBADMSG, a stripe is lost (see registry_heal()); -EINVAL for a
 *        worker from REGISTRY_WORKERS_MAX on.
 * Crash  Each call happened or did not. What a dead worker left, the master sweeps
 *        before it starts the next generation of that worker.
 * Trust  What is read is checked as if it came from the network: the worker is
 *        in range, the name ends.
 */
#ifndef KITH_SHM_REGISTRY_H
#define KITH_SHM_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "shm/table.h"

#define REGISTRY_WORKERS_MAX	32u
#define REGISTRY_NAME_BYTES	132u	/* NAME_BYTES_MAX and NUL, padded */

struct registry_session {		/* 64-bit aligned, no padding */
	uint32_t	worker;		/* index of the worker, below REGISTRY_WORKERS_MAX */
	uint32_t	generation;	/* of the worker */
	uint32_t	slot;		/* session's place in the worker */
	uint32_t	serial;		/* of that place: tells its users apart */
	uint64_t	device;
	uint64_t	since_ms;	/* UTC */
	char		name[REGISTRY_NAME_BYTES];
	uint32_t	admin;
};

struct registry {
	struct table	sessions;
	struct table	groups;
};

/* For registry_init(): bytes of arena. 0: the number is 0 or too large. */
size_t	registry_space_sessions(uint32_t sessions_max);
size_t	registry_space_groups(uint32_t groups_max);

/* Makes both in zeroed memory, aligned to 64. Master only, before it forks. The maxima
 * are what certainly fits; the exact limit is the caller's to keep. */
int	registry_init(struct registry *r, void *sessions_mem, uint32_t sessions_max,
	    void *groups_mem, uint32_t groups_max);

/* A session of the same user, worker, slot and serial is replaced: saying it twice is
 * harmless. -EINVAL also if the name does not end. */
int	registry_add(struct registry *r, uint64_t user, const struct registry_session *s);

/* -ENOENT: there is none. */
int	registry_remove(struct registry *r, uint64_t user, uint32_t worker,
	    uint32_t slot, uint32_t serial);

/* Up to `cap` sessions of `user`; returns how many there are (may exceed cap). */
int	registry_find(struct registry *r, uint64_t user,
	    struct registry_session *out, unsigned cap);

/* Bit i: worker i has a session of `user`. */
int	registry_user_workers(struct registry *r, uint64_t user, uint32_t *mask);

/* `delta` +1 / -1 following sessions of `worker`. -ENOENT: none is left to take away. */
int	registry_follow(struct registry *r, uint64_t group, uint32_t worker, int delta);
int	registry_group_workers(struct registry *r, uint64_t group, uint32_t *mask);

/* Removes all of `worker`; calls `gone` for each user's removed session, after
 * the stripe's lock is given back. Master only. Goes on after an error and
 * returns the first. */
typedef void registry_gone(uint64_t user, const struct registry_session *s, void *arg);
int	registry_sweep(struct registry *r, uint32_t worker, registry_gone *gone, void *arg);

/* Every session, stripe by stripe, copies, outside the locks. Stops when fn
 * returns non-zero. Also -ENOMEM. */
typedef int registry_each(uint64_t user, const struct registry_session *s, void *arg);
int	registry_walk(struct registry *r, registry_each *fn, void *arg);

/* Empties the stripes that are lost; how many there were. -ETIMEDOUT: none, and not all
 * could be looked at. Master only. The sessions in them are unknown from then on: their
 * workers must start anew. */
int	registry_heal(struct registry *r);

uint64_t registry_sessions(const struct registry *r);	/* without locks */
uint64_t registry_users(struct registry *r);		/* distinct users online: walks */

#endif
