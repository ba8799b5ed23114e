/*
 * arena.h - the one shared segment, handed out in named, aligned parts.
 *
 * The master makes it, hands out all parts, seals it, and forks. It is fully
 * allocated (posix_fallocate), never resized, never unmapped while a process
 * lives, and not in core dumps.
 *
 * Shape  Magic, layout version, size, and the index of parts; then the parts,
 *        each at a multiple of 64. No pointers: an arena_off counts from the start.
 * Crash  Anonymous (memfd, or an unlinked file): nothing to clean up.
 * Trust  Bounds come from the private handle. The index is read-only once sealed.
 */
#ifndef KITH_SHM_ARENA_H
#define KITH_SHM_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t arena_off;		/* bytes from the start; 0 is never a part */

#define ARENA_NAME_MAX	24u		/* with the final NUL */
#define ARENA_PARTS_MAX	256u
#define ARENA_LAYOUT	1u		/* raise with any change of a shared struct */

struct arena;				/* private handle */

/* Master, before any fork. `size_bytes`: the sum of its parts, each rounded up
 * to 64; the index comes on top. NULL with errno set (ENOSPC, ENOMEM). */
struct arena	*arena_create(size_t size_bytes);

/* Unmaps; only in tests and at the very end of the master. */
void		 arena_destroy(struct arena *a);

/* `size` zeroed bytes, aligned to 64, known as `name`. NULL with errno: EEXIST,
 * ENOSPC (bytes, or ARENA_PARTS_MAX), EINVAL (no size; no name, or too long a
 * one), EPERM (sealed). */
void		*arena_take(struct arena *a, const char *name, size_t size);

/* No more parts. */
void		 arena_seal(struct arena *a);

#endif
