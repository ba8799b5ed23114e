/* ring.c - a process's inbox: byte records passed through shared memory. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "point.h"
#include "ring.h"
#include "rlock.h"

#define RING_ALIGN	8u
#define RING_SIZE_MIN	64u

/* head and tail on cache lines of their own: the owner writes one, pushers the other. */
struct ring_shared {
	struct rlock		lock;
	_Alignas(64) _Atomic uint64_t	head;	/* owner */
	_Alignas(64) _Atomic uint64_t	tail;	/* holder of the lock */
	_Atomic uint64_t	dropped;	/* holder of the lock */
	_Alignas(64) uint8_t	data[];
};

size_t
ring_space(uint32_t size)
{
	return sizeof(struct ring_shared) + size;
}

int
ring_init(struct ring *r, void *mem, uint32_t size)
{
	if (size < RING_SIZE_MIN || (size & (size - 1)) != 0)
		return -EINVAL;
	r->shared = mem;
	r->size = size;
	r->cursor = 0;
	return rlock_init(&r->shared->lock, RANK_RING);
}

/* Bytes of ring that a record of `len` bytes takes. */
static uint64_t
record_size(uint64_t len)
{
	return (sizeof(uint32_t) + len + RING_ALIGN - 1) & ~(uint64_t)(RING_ALIGN - 1);
}

static void
copy_in(struct ring *r, uint64_t at, const void *bytes, size_t len)
{
	size_t off = at & (r->size - 1), first = r->size - off;

	if (first > len)
		first = len;
	memcpy(r->shared->data + off, bytes, first);
	memcpy(r->shared->data, (const uint8_t *)bytes + first, len - first);
}

static void
copy_out(const struct ring *r, uint64_t at, void *bytes, size_t len)
{
	size_t off = at & (r->size - 1), first = r->size - off;

	if (first > len)
		first = len;
	memcpy(bytes, r->shared->data + off, first);
	memcpy((uint8_t *)bytes + first, r->shared->data, len - first);
}

/* 0, -ENOBUFS, or the lock's error; the lock is held on 0 alone. */
static int
take_for(struct ring *r, uint64_t need, uint64_t *tail)
{
	struct ring_shared *s = r->shared;
	uint64_t head;
	int rc;

	if ((rc = rlock_take(&s->lock)) < 0)
		return rc;
	if (rc == 1)			/* tail moves last, so there is nothing to repair */
		rlock_repaired(&s->lock);
	head = atomic_load_explicit(&s->head, memory_order_acquire);
	*tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	if (*tail - head <= r->size && need <= r->size - (*tail - head))
		return 0;
	atomic_store_explicit(&s->dropped,
	    atomic_load_explicit(&s->dropped, memory_order_relaxed) + 1, memory_order_relaxed);
	rlock_give(&s->lock);
	return -ENOBUFS;
}

int
ring_push(struct ring *r, const struct ring_piece *pieces, unsigned n)
{
	uint64_t tail, at, total = 0;
	uint32_t len;
	unsigned i;
	int rc;

	for (i = 0; i < n; i++)
		total += pieces[i].len;
	if (total == 0 || total > RING_RECORD_MAX || total > r->size / 2)
		return -EMSGSIZE;
	len = (uint32_t)total;
	if ((rc = take_for(r, record_size(len), &tail)) < 0)
		return rc;

	KITH_POINT("ring.push.taken");
	copy_in(r, tail, &len, sizeof(len));
	at = tail + sizeof(len);
	for (i = 0; i < n; i++) {
		copy_in(r, at, pieces[i].bytes, pieces[i].len);
		at += pieces[i].len;
		KITH_POINT("ring.push.piece");
	}
	KITH_POINT("ring.push.copied");
	atomic_store_explicit(&r->shared->tail, tail + record_size(len), memory_order_release);
	KITH_POINT("ring.push.published");
	rlock_give(&r->shared->lock);
	return 0;
}

void
ring_attach(struct ring *r)
{
	r->cursor = atomic_load_explicit(&r->shared->head, memory_order_relaxed);
}

/* What stands at the cursor is no record of ours: nothing behind it can be found. */
static int
corrupt(struct ring *r)
{
	ring_drop_all(r);
	return -EBADMSG;
}

int
ring_read(struct ring *r, void *buf, uint32_t cap, uint32_t *len)
{
	uint64_t ready = atomic_load_explicit(&r->shared->tail, memory_order_acquire) - r->cursor;
	uint32_t n;

	if (ready == 0)
		return -EAGAIN;
	if (ready > r->size || ready < RING_ALIGN)
		return corrupt(r);
	copy_out(r, r->cursor, &n, sizeof(n));
	if (n == 0 || n > RING_RECORD_MAX || record_size(n) > ready)
		return corrupt(r);
	*len = n;
	if (n > cap)
		return -EMSGSIZE;
	copy_out(r, r->cursor + sizeof(n), buf, n);
	r->cursor += record_size(n);
	return 0;
}

void
ring_release(struct ring *r)
{
	KITH_POINT("ring.release");
	atomic_store_explicit(&r->shared->head, r->cursor, memory_order_release);
}

void
ring_drop_all(struct ring *r)
{
	r->cursor = atomic_load_explicit(&r->shared->tail, memory_order_acquire);
	ring_release(r);
}

int
ring_empty(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->tail, memory_order_acquire) == r->cursor;
}

uint32_t
ring_used(const struct ring *r)
{
	uint64_t head = atomic_load_explicit(&r->shared->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->shared->tail, memory_order_relaxed);

	return tail - head > r->size ? r->size : (uint32_t)(tail - head);
}

uint64_t
ring_dropped(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->dropped, memory_order_relaxed);
}
