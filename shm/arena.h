/*
 * arena.h - the one shared segment, handed out in named, aligned parts.
 *
 * The master creates it, hands out all parts, seals it, and forks. It is fully
 * allocated (posix_fallocate), never resized, never unmapped while a process
 * lives, and not in core dumps.
 *
 * Shape  Magic, layout version, size, and the index of parts; then the parts,
 *        each at a multiple of 64. No pointers: an arena_off counts from the
 *        start.
 * Crash  Anonymous (memfd, or an unlinked file): nothing to clean up.
 * Trust  Bounds come from the private handle. Once sealed, the index is
 *        read-only.
 */
#ifndef KITH_SHM_ARENA_H
#define KITH_SHM_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t arena_off;		/* bytes; 0 is never a part */

#define ARENA_NAME_MAX	24u		/* with the final NUL */
#define ARENA_PARTS_MAX	256u
#define ARENA_LAYOUT	1u		/* raise if a shared struct changes */

struct arena;				/* private handle */

/* Master, before any fork. `size_bytes` is the sum of the parts, each rounded
 * up to 64; the index comes on top. NULL with errno set (ENOSPC, ENOMEM). */
struct arena	*arena_create(size_t size_bytes);

/* Unmaps. Only in tests and at the very end of the master. */
void		 arena_destroy(struct arena *a);

/* Returns `size` zeroed bytes, aligned to 64. `name` is for debuggers. NULL
 * with errno: EEXIST, ENOSPC (of bytes or of parts), EINVAL (no size, no name,
 * or the name is too long), EPERM (sealed). */
void		*arena_take(struct arena *a, const char *name, size_t size);

/* No more parts; a stray store into the index faults from now on. */
void		 arena_seal(struct arena *a);

#endif
