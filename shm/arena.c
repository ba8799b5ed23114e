/* arena.c - one mapping, handed out in named parts. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"

#define ARENA_MAGIC	UINT64_C(0x4b4954482d41524e)	/* "KITH-ARN" */
#define ARENA_ALIGN	64u

struct arena_part {
	char		name[ARENA_NAME_MAX];
	arena_off	off;
	uint64_t	size;
};

struct arena_head {			/* at offset 0 */
	uint64_t		magic;
	uint32_t		layout, nparts;
	uint64_t		size, used;
	struct arena_part	parts[ARENA_PARTS_MAX];
};

_Static_assert(sizeof(struct arena_part) == 40, "layout: raise ARENA_LAYOUT");
_Static_assert(offsetof(struct arena_head, parts) == 32, "layout: raise ARENA_LAYOUT");

struct arena {
	struct arena_head	*head;
	size_t			 size;
	int			 sealed;
};

/* A descriptor of memory without a name. */
static int
anonymous_fd(void)
{
#ifdef HAVE_MEMFD_CREATE
	return memfd_create("kith", MFD_CLOEXEC);
#else
	char path[] = "/dev/shm/kith.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		unlink(path);
	return fd;
#endif
}

/* Whole pages are allocated now, so that no later touch meets a full memory. */
static void *
map_allocated(size_t size)
{
	void *mem = MAP_FAILED;
	int fd, rc;

	if ((fd = anonymous_fd()) < 0)
		return NULL;
	if ((rc = posix_fallocate(fd, 0, (off_t)size)) != 0)
		errno = rc;
	else
		mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	rc = errno;
	close(fd);
	errno = rc;
	return mem == MAP_FAILED ? NULL : mem;
}

static uint64_t
align_up(uint64_t n)
{
	return (n + ARENA_ALIGN - 1) & ~(uint64_t)(ARENA_ALIGN - 1);
}

struct arena *
arena_create(size_t size)
{
	struct arena *a;
	int saved;

	if (size < sizeof(struct arena_head) + ARENA_ALIGN) {
		errno = EINVAL;
		return NULL;
	}
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	if ((a->head = map_allocated(size)) == NULL) {
		saved = errno;
		free(a);
		errno = saved;
		return NULL;
	}
#ifdef MADV_DONTDUMP
	madvise(a->head, size, MADV_DONTDUMP);
#endif
	a->size = size;
	a->head->magic = ARENA_MAGIC;
	a->head->layout = ARENA_LAYOUT;
	a->head->size = size;
	a->head->used = align_up(sizeof(struct arena_head));
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

static struct arena_part *
find_part(const struct arena *a, const char *name)
{
	uint32_t i, n = a->head->nparts;

	for (i = 0; i < n && i < ARENA_PARTS_MAX; i++)
		if (strncmp(a->head->parts[i].name, name, ARENA_NAME_MAX) == 0)
			return &a->head->parts[i];
	return NULL;
}

void *
arena_take(struct arena *a, const char *name, size_t size)
{
	struct arena_head *h = a->head;
	struct arena_part *part;

	if (a->sealed) {
		errno = EPERM;
		return NULL;
	}
	if (size == 0 || *name == '\0' || strlen(name) >= ARENA_NAME_MAX) {
		errno = EINVAL;
		return NULL;
	}
	if (find_part(a, name) != NULL) {
		errno = EEXIST;
		return NULL;
	}
	if (h->nparts == ARENA_PARTS_MAX || size > a->size - h->used) {
		errno = ENOSPC;
		return NULL;
	}
	part = &h->parts[h->nparts];
	memcpy(part->name, name, strlen(name) + 1);
	part->off = h->used;
	part->size = size;
	h->nparts++;
	h->used += align_up(size);
	if (h->used > a->size)
		h->used = a->size;
	return (uint8_t *)h + part->off;
}

void *
arena_find(const struct arena *a, const char *name, size_t size)
{
	const struct arena_part *part = find_part(a, name);
	arena_off off;

	if (part == NULL || part->size != size)
		return NULL;
	off = part->off;
	if (off > a->size || size > a->size - off)
		return NULL;
	return (uint8_t *)a->head + off;
}

void
arena_seal(struct arena *a)
{
	a->sealed = 1;
}

size_t
arena_used(const struct arena *a)
{
	return a->head->used;
}
