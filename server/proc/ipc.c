/*
 * ipc.c - sends and checks records between processes.
 */
#include "server/proc/ipc.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "protocol/base/hash.h"
#include "protocol/limits.h"
#include "server/lib/log.h"
#include "shm/point.h"

_Static_assert(PROC_SLOTS_MAX <= 64, "a bit each in struct proc's `owed`");
_Static_assert(sizeof(struct ipc_head) == 104, "no padding: nothing of the stack leaks");

/* The row that lets a process of role `from` send `type` to one of role `to`, or NULL. */
static const struct ipc_row *
find_row(unsigned type, enum role from, enum role to)
{
	const struct ipc_row *row;

	if (type == 0 || type >= IPC_TYPE_COUNT || from >= ROLE_COUNT || to >= ROLE_COUNT)
		return NULL;
	row = &ipc_table[type];
	return (row->from & 1u << from) && (row->to & 1u << to) ? row : NULL;
}

void
ipc_wake_owed(struct proc *p)
{
	uint64_t owed = p->owed;

	p->owed = 0;
	p->owed_records = 0;
	p->owed_since_ms = 0;
	for (unsigned slot = 0; owed != 0; slot++, owed >>= 1)
		if (owed & 1)
			wake_notify(&p->shared->wakes[slot]);
}

void
ipc_wake_due(struct proc *p, uint64_t now_ms)
{
	if (p->owed == 0)
		return;
	if (p->owed_since_ms == 0)
		p->owed_since_ms = now_ms;
	else if (now_ms - p->owed_since_ms >= IPC_OWED_MS)
		ipc_wake_owed(p);
}

static void
owe_wake(struct proc *p, unsigned slot)
{
	if (p->loop == NULL) {
		wake_notify(&p->shared->wakes[slot]);
		return;
	}
	KITH_POINT("ipc.owed");
	p->owed |= UINT64_C(1) << slot;
	if (++p->owed_records >= IPC_OWED_MAX)
		ipc_wake_owed(p);
}

int
ipc_send(struct proc *p, unsigned to, struct ipc_head *h, const void *body, uint32_t len)
{
	const struct ipc_row *row = find_row(h->type, p->role, proc_slot_role(p->shared, to));
	struct ring_piece pieces[] = { { h, sizeof(*h) }, { body, len } };
	int rc;

	if (row == NULL)
		return -EPERM;
	if (len > row->body_max)
		return -EMSGSIZE;
	h->from = (uint8_t)p->slot;
	h->generation = p->generation;
	rc = ring_push(&p->shared->rings[to], pieces, len > 0 ? 2 : 1);
	if (rc == -ENOBUFS)
		stats_add(p->stats, STAT_ipc_full, 1);
	if (rc < 0)
		return rc;
	owe_wake(p, to);
	return 0;
}

int
ipc_send_hint(struct proc *p, unsigned to, struct ipc_head *h, const void *body, uint32_t len)
{
	const struct ring *inbox = &p->shared->rings[to];

	return ring_used(inbox) > inbox->size / 2 ? -ENOBUFS : ipc_send(p, to, h, body, len);
}

int
ipc_send_msg(struct proc *p, unsigned to, struct ipc_head *h, const ProtobufCMessage *msg)
{
	uint8_t packed[FRAME_BYTES_MAX];
	size_t len = protobuf_c_message_get_packed_size(msg);
	int rc;

	assert(h->type > 0 && h->type < IPC_TYPE_COUNT &&
	    ipc_table[h->type].body == msg->descriptor);
	if (len > ipc_table[h->type].body_max)
		return -EMSGSIZE;
	protobuf_c_message_pack(msg, packed);
	rc = ipc_send(p, to, h, packed, (uint32_t)len);
	explicit_bzero(packed, len);	/* it may hold a password or a token */
	return rc;
}

typedef int ipc_sender(struct proc *p, unsigned to, struct ipc_head *h, const void *body,
    uint32_t len);

static uint32_t
send_to_workers(struct proc *p, ipc_sender *send, int found, uint32_t mask, struct ipc_head *h,
    const void *body, uint32_t len)
{
	const struct shared *s = p->shared;
	uint32_t meant = 0;

	if (found < 0)
		mask = ~0u;
	for (unsigned i = 0; i < s->count[ROLE_WORKER] && i < REGISTRY_WORKERS_MAX; i++) {
		if (!(mask & 1u << i))
			continue;
		meant |= 1u << i;
		(void)send(p, s->first[ROLE_WORKER] + i, h, body, len);	/* counted there */
	}
	return meant;
}

uint32_t
ipc_send_workers(struct proc *p, int found, uint32_t mask, struct ipc_head *h,
    const void *body, uint32_t len)
{
	return send_to_workers(p, ipc_send, found, mask, h, body, len);
}

uint32_t
ipc_hint_workers(struct proc *p, int found, uint32_t mask, struct ipc_head *h,
    const void *body, uint32_t len)
{
	return send_to_workers(p, ipc_send_hint, found, mask, h, body, len);
}

unsigned
ipc_slot(const struct proc *p, enum role r, uint64_t key)
{
	uint64_t mixed = hash_mix(key);

	assert(p->shared->count[r] > 0);
	return p->shared->first[r] + (unsigned)((mixed >> 32) % p->shared->count[r]);
}

/* NULL, or why this process must not get the record. */
static const char *
refusal_of(struct proc *p, const struct ipc_head *h, uint32_t body_len)
{
	enum role from = proc_slot_role(p->shared, h->from);
	const struct ipc_row *row = find_row(h->type, from, p->role);
	uint32_t generation;

	if (row == NULL)
		return "no such row";
	if (body_len > row->body_max)
		return "too long";
	/* An older generation may have left it here and died. A later one cannot exist. */
	generation = atomic_load_explicit(&p->shared->slots[h->from].generation,
	    memory_order_relaxed);
	if (h->generation == 0 || h->generation > generation)
		return "no such generation";
	return NULL;
}

int
ipc_check(struct proc *p, const void *rec, uint32_t len,
    struct ipc_head *h, const uint8_t **body, uint32_t *body_len)
{
	const char *wrong = "too short";

	memset(h, 0, sizeof(*h));
	if (len >= sizeof(*h)) {
		memcpy(h, rec, sizeof(*h));
		wrong = refusal_of(p, h, len - (uint32_t)sizeof(*h));
	}
	if (wrong != NULL) {
		stats_add(p->stats, STAT_ipc_refused, 1);
		log_warn(0, "ipc.refused", "type=%u from=%u reason=\"%s\"", h->type, h->from,
		    wrong);
		return -EBADMSG;
	}
	if (h->to_generation != 0 && h->to_generation != p->generation)
		return -ESTALE;
	*body = (const uint8_t *)rec + sizeof(*h);
	*body_len = len - (uint32_t)sizeof(*h);
	return 0;
}
