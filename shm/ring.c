/*
 * ring.c - the inbox: pushers at the tail under a lock, the owner at the head.
 */
#include "shm/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "shm/point.h"
#include "shm/rlock.h"

#define SIZE_MIN	64u
#define SIZE_TOP	(UINT32_C(1) << 31)

/* The pushers' and the owner's words have cache lines of their own. */
struct ring_shared {
	_Alignas(64) struct rlock	lock;
	_Atomic uint64_t		tail;		/* the lock's holder writes */
	_Atomic uint64_t		dropped;	/* the lock's holder writes */
	_Alignas(64) _Atomic uint64_t	head;		/* the owner writes */
	_Alignas(64) unsigned char	data[];
};

_Static_assert(offsetof(struct ring_shared, head) % 64 == 0 &&
    offsetof(struct ring_shared, data) == offsetof(struct ring_shared, head) + 64,
    "layout of a ring: the owner's line is its own");

size_t
ring_space(uint32_t size)
{
	return sizeof(struct ring_shared) + size;
}

int
ring_init(struct ring *r, void *mem, uint32_t size)
{
	if (size < SIZE_MIN || size > SIZE_TOP || (size & (size - 1)) != 0)
		return -EINVAL;
	r->shared = mem;
	r->size = size;
	r->cursor = 0;
	return rlock_init(&r->shared->lock);
}

/* Room for a record of `len` bytes: its length before it, padding after it. */
static uint64_t
record_size(uint64_t len)
{
	return (sizeof(uint32_t) + len + 7) & ~UINT64_C(7);
}

/* Both copies wrap at the end. The callers check that `n` is at most r->size. */
static void
copy_in(struct ring *r, uint64_t pos, const void *from, uint32_t n)
{
	uint32_t at = (uint32_t)(pos & (r->size - 1));
	uint32_t first = n < r->size - at ? n : r->size - at;

	if (first > 0)
		memcpy(r->shared->data + at, from, first);
	KITH_POINT("ring.push.half");
	if (n > first)
		memcpy(r->shared->data, (const unsigned char *)from + first, n - first);
}

static void
copy_out(const struct ring *r, uint64_t pos, void *to, uint32_t n)
{
	uint32_t at = (uint32_t)(pos & (r->size - 1));
	uint32_t first = n < r->size - at ? n : r->size - at;

	memcpy(to, r->shared->data + at, first);
	if (n > first)
		memcpy((unsigned char *)to + first, r->shared->data, n - first);
}

/* Nobody reads behind the tail: write in any order, and be killed half-way. */
static void
copy_pieces(struct ring *r, uint64_t tail, uint32_t len, const struct ring_piece *pieces,
    unsigned n)
{
	copy_in(r, tail, &len, sizeof(len));
	tail += sizeof(len);
	for (unsigned i = 0; i < n; i++) {
		KITH_POINT("ring.push.piece");
		copy_in(r, tail, pieces[i].bytes, pieces[i].len);
		tail += pieces[i].len;
	}
}

int
ring_push(struct ring *r, const struct ring_piece *pieces, unsigned n)
{
	struct ring_shared *s = r->shared;
	uint64_t head, tail, need, len = 0;
	int rc;

	for (unsigned i = 0; i < n; i++)
		len += pieces[i].len;
	need = record_size(len);
	if (len == 0 || len > RING_RECORD_MAX || need > r->size / 2)
		return -EMSGSIZE;

	if ((rc = rlock_take(&s->lock, RANK_RING)) < 0)
		return rc;
	if (rc == 1)
		rlock_repaired(&s->lock);	/* see "Crash": there is nothing to repair */
	KITH_POINT("ring.push.taken");

	head = atomic_load_explicit(&s->head, memory_order_acquire);
	tail = atomic_load_explicit(&s->tail, memory_order_relaxed);
	if (tail - head > r->size || need > r->size - (tail - head)) {
		atomic_fetch_add_explicit(&s->dropped, 1, memory_order_relaxed);
		rc = -ENOBUFS;
		goto out;
	}
	copy_pieces(r, tail, (uint32_t)len, pieces, n);
	KITH_POINT("ring.push.copied");
	atomic_store_explicit(&s->tail, tail + need, memory_order_release);
	KITH_POINT("ring.push.tail");
	rc = 0;
out:
	rlock_give(&s->lock);
	return rc;
}

void
ring_attach(struct ring *r)
{
	r->cursor = atomic_load_explicit(&r->shared->head, memory_order_relaxed);
}

int
ring_read(struct ring *r, void *buf, uint32_t cap, uint32_t *len)
{
	uint64_t tail = atomic_load_explicit(&r->shared->tail, memory_order_acquire);
	uint64_t waiting = tail - r->cursor;
	uint32_t n;

	if (waiting == 0)
		return -EAGAIN;
	if (waiting > r->size)
		goto corrupt;
	copy_out(r, r->cursor, &n, sizeof(n));
	atomic_signal_fence(memory_order_seq_cst);	/* read once: it may change meanwhile */
	if (n == 0 || n > RING_RECORD_MAX || record_size(n) > waiting)
		goto corrupt;
	*len = n;
	if (n > cap)
		return -EMSGSIZE;
	copy_out(r, r->cursor + sizeof(n), buf, n);
	KITH_POINT("ring.read.copied");
	r->cursor += record_size(n);
	return 0;
corrupt:
	ring_drop_all(r);
	return -EBADMSG;
}

void
ring_release(struct ring *r)
{
	KITH_POINT("ring.release.begin");
	atomic_store_explicit(&r->shared->head, r->cursor, memory_order_release);
	KITH_POINT("ring.release.head");
}

/* Under the pushers' lock, so that nobody fills the room while it is wiped. head moves
 * first: nobody reads half-wiped records. */
int
ring_release_wiped(struct ring *r)
{
	struct ring_shared *s = r->shared;
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint32_t n = (uint32_t)(r->cursor - head), at = (uint32_t)(head & (r->size - 1)), first;
	int rc;

	if (n == 0 || r->cursor - head > r->size)
		return 0;
	if ((rc = rlock_take(&s->lock, RANK_RING)) < 0)
		return rc;
	if (rc == 1)
		rlock_repaired(&s->lock);
	ring_release(r);
	first = n < r->size - at ? n : r->size - at;
	explicit_bzero(s->data + at, first);
	explicit_bzero(s->data, n - first);
	rlock_give(&s->lock);
	return 0;
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

	return tail - head < r->size ? (uint32_t)(tail - head) : r->size;
}

uint64_t
ring_dropped(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->dropped, memory_order_relaxed);
}

uint64_t
ring_deaths(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->lock.deaths, memory_order_relaxed);
}
