/*
 * arena.c - the shared segment and the index of its parts.
 *
 * The index is in the segment's first pages, for debuggers. The segment is never
 * unmapped, so pointers into it are valid for the life of a process, but only within
 * that process.
 */
#include "shm/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_MAGIC	UINT64_C(0x616e6572416b7468)
#define PART_ALIGN	64u

struct arena_part {
	char		name[ARENA_NAME_MAX];
	arena_off	off;
	uint64_t	size;
};

struct arena_head {			/* at offset 0; written by the master before it forks */
	uint64_t		magic;
	uint32_t		layout;
	uint32_t		nparts;
	uint64_t		size;
	uint64_t		used;
	struct arena_part	parts[ARENA_PARTS_MAX];
};

_Static_assert(sizeof(struct arena_part) == 40, "layout of an arena's part");
_Static_assert(offsetof(struct arena_head, parts) == 32, "layout of an arena's head");
_Static_assert(sizeof(struct arena_head) == 32 + 40 * ARENA_PARTS_MAX, "layout of an arena's head");

struct arena {
	struct arena_head	*head;	/* also the start of the segment */
	size_t			 size;	/* mapped bytes: whole pages */
	size_t			 head_size;
	bool			 sealed;
};

static size_t
round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* A file without a name, for systems without memfd_create. */
static int
open_unlinked(void)
{
	const char *tmpdir = getenv("TMPDIR");
	const char *dirs[] = { "/dev/shm", tmpdir != NULL ? tmpdir : "/tmp" };
	char path[4096];
	int fd = -1, len;

	for (size_t i = 0; fd == -1 && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		len = snprintf(path, sizeof(path), "%s/kith.XXXXXX", dirs[i]);
		if (len < 0 || (size_t)len >= sizeof(path))
			continue;
		fd = mkostemp(path, O_CLOEXEC);
		if (fd != -1)
			unlink(path);
	}
	return fd;
}

static int
open_segment(void)
{
#ifdef HAVE_MEMFD_CREATE
	int fd = memfd_create("kith", MFD_CLOEXEC);

	if (fd != -1 || errno != ENOSYS)
		return fd;
#endif
	return open_unlinked();
}

/* Allocates before mapping: in a sparse segment, a first touch for which the system has
 * no page is a SIGBUS. */
static void *
map_segment(size_t size)
{
	void *mem = MAP_FAILED;
	int fd, rc;

	if ((fd = open_segment()) == -1)
		return MAP_FAILED;
	do
		rc = posix_fallocate(fd, 0, (off_t)size);
	while (rc == EINTR);
	if (rc == 0) {
		mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		rc = mem == MAP_FAILED ? errno : 0;
	}
	close(fd);
#ifdef MADV_DONTDUMP
	if (mem != MAP_FAILED)
		madvise(mem, size, MADV_DONTDUMP);	/* passwords in rings, names of users */
#endif
	errno = rc;
	return mem;
}

struct arena *
arena_create(size_t size_bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct arena *a;
	void *mem;

	if (size_bytes > SIZE_MAX / 2) {
		errno = ENOMEM;
		return NULL;
	}
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	a->head_size = round_up(sizeof(struct arena_head), page);
	a->size = a->head_size + round_up(size_bytes, page);
	if ((mem = map_segment(a->size)) == MAP_FAILED) {
		free(a);
		return NULL;
	}
	a->head = mem;
	a->head->magic = ARENA_MAGIC;
	a->head->layout = ARENA_LAYOUT;
	a->head->size = a->size;
	a->head->used = a->head_size;
	return a;
}

void
arena_destroy(struct arena *a)
{
	if (a == NULL)
		return;
	munmap(a->head, a->size);
	free(a);
}

static const struct arena_part *
part_named(const struct arena_head *h, const char *name)
{
	for (uint32_t i = 0; i < h->nparts && i < ARENA_PARTS_MAX; i++)
		if (strncmp(h->parts[i].name, name, ARENA_NAME_MAX) == 0)
			return &h->parts[i];
	return NULL;
}

void *
arena_take(struct arena *a, const char *name, size_t size)
{
	struct arena_head *h = a->head;
	struct arena_part *part;
	int err = 0;

	if (a->sealed)
		err = EPERM;
	else if (name[0] == '\0' || strlen(name) >= ARENA_NAME_MAX || size == 0)
		err = EINVAL;
	else if (part_named(h, name) != NULL)
		err = EEXIST;
	else if (h->nparts == ARENA_PARTS_MAX || size > a->size - h->used)
		err = ENOSPC;
	if (err != 0) {
		errno = err;
		return NULL;
	}
	part = &h->parts[h->nparts++];
	memcpy(part->name, name, strlen(name) + 1);
	part->off = h->used;
	part->size = size;
	h->used += round_up(size, PART_ALIGN);	/* never over a->size, which is whole pages */
	return (char *)h + part->off;
}

void
arena_seal(struct arena *a)
{
	a->sealed = true;
	mprotect(a->head, a->head_size, PROT_READ);
}
