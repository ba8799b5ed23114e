/*
 * seqpage.c - one writer, many readers, no lock.
 */
#include "server/lib/seqpage.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "protocol/base/clock.h"

/* A write takes microseconds, but its process may lose the processor in the middle of it. */
#define READ_SPINS	1000u
#define READ_MS		1000u

struct seqpage {
	_Atomic uint32_t	seq;	/* odd: during a write */
	_Atomic uint32_t	len;
	_Atomic uint64_t	words[];
};

static size_t
words_of(uint32_t len)
{
	return ((size_t)len + 7) / 8;
}

size_t
seqpage_space(uint32_t cap)
{
	return sizeof(struct seqpage) + words_of(cap) * 8;
}

void
seqpage_write(struct seqpage *s, const void *bytes, uint32_t len)
{
	uint32_t seq = atomic_load_explicit(&s->seq, memory_order_relaxed);
	const uint8_t *from = bytes;
	uint64_t word;

	atomic_store_explicit(&s->seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&s->len, len, memory_order_relaxed);
	for (size_t i = 0; i < words_of(len); i++) {
		size_t left = len - i * 8;

		word = 0;
		memcpy(&word, from + i * 8, left < 8 ? left : 8);
		atomic_store_explicit(&s->words[i], word, memory_order_relaxed);
	}
	atomic_store_explicit(&s->seq, seq + 2, memory_order_release);
}

/* -EAGAIN: a write is under way, or came in between. */
static int
seqpage_try(const struct seqpage *s, void *buf, uint32_t cap, uint32_t *len)
{
	uint32_t seq = atomic_load_explicit(&s->seq, memory_order_acquire);
	uint32_t size = atomic_load_explicit(&s->len, memory_order_relaxed);
	uint8_t *to = buf;
	uint64_t word;

	if (seq & 1)
		return -EAGAIN;
	for (size_t i = 0; size <= cap && i < words_of(size); i++) {
		word = atomic_load_explicit(&s->words[i], memory_order_relaxed);
		memcpy(to + i * 8, &word, size - i * 8 < 8 ? size - i * 8 : 8);
	}
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&s->seq, memory_order_relaxed) != seq)
		return -EAGAIN;
	*len = size;
	return size <= cap ? 0 : -EMSGSIZE;
}

int
seqpage_read(const struct seqpage *s, void *buf, uint32_t cap, uint32_t *len)
{
	const struct timespec nap = { 0, 200 * 1000 };
	uint64_t deadline = 0;
	int rc;

	for (unsigned try = 0; (rc = seqpage_try(s, buf, cap, len)) == -EAGAIN; try++) {
		if (try < READ_SPINS)
			continue;
		if (deadline == 0)
			deadline = clock_now_ms() + READ_MS;
		else if (clock_now_ms() > deadline)
			break;
		nanosleep(&nap, NULL);
	}
	return rc;
}
