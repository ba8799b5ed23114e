/*
 * registry.h - who is online where, and which workers have members of a group
 * online: the typed face of two tables.
 *
 * sessions  Key: user id; one entry per session. The worker adds and removes
 *           its own; the store reads where to send; the master sweeps those of
 *           a dead worker.
 * groups    Key: group id; one entry, with a count of following sessions per
 *           worker. The worker changes its own count.
 *
 * Lock   Any process may make any call; it takes one stripe's lock inside.
 *        registry_find() and the ..._workers() do without as long as they can.
 *        They return 0 or a negative errno of table.h: -ENOSPC, the server is
 *        full; -EBADMSG, a stripe is lost (see registry_heal()); -EINVAL for a
 *        worker from REGISTRY_WORKERS_MAX on.
 * Crash  Each call happened or did not. The master sweeps what a dead worker
 *        left, before it starts the next generation of that worker.
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
	uint32_t	worker;		/* below REGISTRY_WORKERS_MAX */
	uint32_t	generation;	/* of the worker */
	uint32_t	slot;		/* session's place in the worker */
	uint32_t	serial;		/* tells the users of a slot apart */
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

/* Makes both in zeroed memory, aligned to 64. Master only, before it forks. As
 * many as the maxima certainly fit; the caller keeps the exact limit. */
int	registry_init(struct registry *r, void *sessions_mem,
	    uint32_t sessions_max, void *groups_mem, uint32_t groups_max);

/* Replaces a session of the same user, worker, slot and serial: idempotent.
 * Also -EINVAL if the name does not end. */
int	registry_add(struct registry *r, uint64_t user,
	    const struct registry_session *s);

/* -ENOENT: there is none. */
int	registry_remove(struct registry *r, uint64_t user, uint32_t worker,
	    uint32_t slot, uint32_t serial);

/* Copies up to `cap` sessions of `user`. Returns how many there are (may exceed
 * cap). */
int	registry_find(struct registry *r, uint64_t user,
	    struct registry_session *out, unsigned cap);

/* Bit i: worker i has a session of `user`. */
int	registry_user_workers(struct registry *r, uint64_t user,
	    uint32_t *mask);

/* Adds `delta`, +1 or -1, to the following sessions of `worker`. -ENOENT: there
 * are none to subtract from. */
int	registry_follow(struct registry *r, uint64_t group, uint32_t worker,
	    int delta);
int	registry_group_workers(struct registry *r, uint64_t group,
	    uint32_t *mask);

/* Removes all entries of `worker`, and calls `gone` for each removed session,
 * without a lock. Master only. Goes on after an error and returns the first. */
typedef void registry_gone(uint64_t user, const struct registry_session *s,
    void *arg);
int	registry_sweep(struct registry *r, uint32_t worker, registry_gone *gone,
	    void *arg);

/* Shows a copy of every session, stripe by stripe, without a lock. Stops when
 * fn returns non-zero. Also -ENOMEM. */
typedef int registry_each(uint64_t user, const struct registry_session *s,
    void *arg);
int	registry_walk(struct registry *r, registry_each *fn, void *arg);

/* Empties the stripes that are lost and returns their number. -ETIMEDOUT: none,
 * but not all could be checked. Master only. Their sessions are unknown from
 * then on: the workers must restart. */
int	registry_heal(struct registry *r);

uint64_t registry_sessions(const struct registry *r);	/* without locks */
uint64_t registry_users(struct registry *r);	/* distinct users: walks */

#endif
