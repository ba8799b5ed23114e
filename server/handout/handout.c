/*
 * handout.c - a memfd that the master writes and roles read.
 */
#include "server/handout/handout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/lib/seqpage.h"

int
handout_create(struct handout *h, const char *name, uint32_t cap)
{
	size_t size = seqpage_space(cap);
	void *page = MAP_FAILED;
	int fd, rc;

	if ((fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) < 0)
		return -errno;
	/* Allocate now: if a page is missing later, that is a SIGBUS. */
	if ((rc = -posix_fallocate(fd, 0, (off_t)size)) < 0)
		goto fail;
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED || madvise(page, size, MADV_DONTFORK) < 0 ||
	    madvise(page, size, MADV_DONTDUMP) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		rc = -errno;
		goto fail;
	}
	/* Linux before 5.1 cannot; there a role could map it writable before fd is closed. */
	fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
	*h = (struct handout){ .fd = fd, .cap = cap, .page = page };
	return 0;
fail:
	if (page != MAP_FAILED)
		munmap(page, size);
	close(fd);
	return rc;
}

int
handout_open(struct handout *h)
{
	size_t size = seqpage_space(h->cap);
	void *page = mmap(NULL, size, PROT_READ, MAP_SHARED, h->fd, 0);

	if (page == MAP_FAILED)
		return -errno;
	madvise(page, size, MADV_DONTDUMP);
	h->page = page;
	close(h->fd);
	h->fd = -1;
	return 0;
}

void
handout_refuse(struct handout *h)
{
	h->page = NULL;			/* the master's mapping, which was not inherited */
	handout_close(h);
}

void
handout_close(struct handout *h)
{
	if (h->page != NULL)
		munmap(h->page, seqpage_space(h->cap));
	if (h->fd >= 0)
		close(h->fd);
	*h = (struct handout)HANDOUT_NONE;
}

int
handout_write(struct handout *h, const void *bytes, uint32_t len)
{
	if (len > h->cap)
		return -EMSGSIZE;
	seqpage_write(h->page, bytes, len);
	return 0;
}

int
handout_read(const struct handout *h, void *buf, uint32_t cap, uint32_t *len)
{
	return h->page == NULL ? -EBADF : seqpage_read(h->page, buf, cap, len);
}
