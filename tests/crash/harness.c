/* harness.c - see harness.h. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/crash/harness.h"

static void
end_with_parent(pid_t parent)
{
#ifdef HAVE_SYS_PRCTL_H
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

pid_t
child_start(child_main *fn, void *arg)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		end_with_parent(parent);
		_exit(fn(arg));
	}
	assert_true(pid > 0);
	return pid;
}

int
child_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) == -1)
		assert_int_equal(errno, EINTR);
	return status;
}

int
child_run(child_main *fn, void *arg)
{
	return child_wait(child_start(fn, arg));
}

void
child_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	child_wait(pid);
}

int
child_was_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Fence, pages, fence; the memory is at the end of the pages. */
static size_t
fenced_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

void *
fenced_alloc(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = fenced_pages(size);
	char *all = mmap(NULL, pages + 2 * page, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(all != MAP_FAILED);
	assert_int_equal(mprotect(all + page, pages, PROT_READ | PROT_WRITE), 0);
	return all + page + pages - size;
}

void
fenced_free(void *mem, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = fenced_pages(size);

	munmap((char *)mem + size - pages - page, pages + 2 * page);
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators, scrambled" (2016). */
uint64_t
dice_roll(struct dice *d)
{
	if (d->state == 0)
		d->state = 1;
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t
dice_below(struct dice *d, uint64_t n)
{
	return dice_roll(d) % n;
}

void
pattern_fill(void *bytes, size_t n, uint64_t name)
{
	struct dice d = { .state = name * 2 + 1 };
	unsigned char *to = bytes;
	uint64_t word;

	for (size_t i = 0; i < n; i += 8) {
		word = dice_roll(&d);
		memcpy(to + i, &word, n - i < 8 ? n - i : 8);
	}
}

int
pattern_matches(const void *bytes, size_t n, uint64_t name)
{
	struct dice d = { .state = name * 2 + 1 };
	const unsigned char *from = bytes;
	uint64_t word;

	for (size_t i = 0; i < n; i += 8) {
		word = dice_roll(&d);
		if (memcmp(from + i, &word, n - i < 8 ? n - i : 8) != 0)
			return 0;
	}
	return 1;
}
