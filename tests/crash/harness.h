/*
 * harness.h - children that are killed, and memory with a fence around it: for
 * the tests of shm.
 */
#ifndef KITH_TESTS_CRASH_HARNESS_H
#define KITH_TESTS_CRASH_HARNESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Forks a child that ends with fn's value, or together with us. A child must
 * not use cmocka's asserts: they would go on with our tests in it. */
typedef int child_main(void *arg);
pid_t	child_start(child_main *fn, void *arg);

int	child_wait(pid_t pid);		/* its status, as from waitpid() */
int	child_run(child_main *fn, void *arg);	/* both */
void	child_kill(pid_t pid);		/* SIGKILL, and waits */
int	child_was_killed(int status);	/* it ended by SIGKILL */

/* `size` zeroed bytes (a multiple of 64), shared with children, that end where
 * a page which cannot be touched begins; before the first page is another
 * one. */
void	*fenced_alloc(size_t size);
void	 fenced_free(void *mem, size_t size);

/* The same numbers after the same seed. */
struct dice {
	uint64_t	state;
};

uint64_t dice_roll(struct dice *d);
uint64_t dice_below(struct dice *d, uint64_t n);

/* The bytes that a record or value of this name must have: seeded by `name`. */
void	pattern_fill(void *bytes, size_t n, uint64_t name);
int	pattern_matches(const void *bytes, size_t n, uint64_t name);

#endif
