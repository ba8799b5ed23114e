/*
 * client_taken.c - sends copies again whose client ids were taken.
 */
#include "client-cli/libkith/client_taken.h"

#include <stdlib.h>

#include "client-cli/libkith/client_frame.h"
#include "client-cli/libkith/client_id.h"
#include "protocol/error.h"
#include "protocol/wire.h"

#define TRIES_MAX	8u

_Static_assert(TARGETS_MAX <= UINT8_MAX, "a place is one byte");

void
client_taken_view(const struct client_taken *t, const Kith__V1__Sent *answer, Kith__V1__Sent *view,
    Kith__V1__Outcome *list[TARGETS_MAX])
{
	*view = *answer;
	if (t == NULL || answer->n_outcomes != t->n)
		return;
	*view = *t->so_far;
	view->outcomes = list;
	for (size_t i = 0; i < view->n_outcomes; i++)
		list[i] = t->so_far->outcomes[i];
	for (size_t i = 0; i < t->n; i++)
		list[t->place[i]] = answer->outcomes[i];
}

static int
outcome_is_taken(const Kith__V1__Outcome *o)
{
	return o->error != NULL && o->error->code == KITH__V1__ERROR_CODE__CLIENT_ID_TAKEN;
}

/* Keeps `all` and the places of the copies that were refused so. */
static void
taken_note(struct client_taken *t, Kith__V1__Sent *all)
{
	t->so_far = all;
	t->n = 0;
	for (size_t i = 0; i < all->n_outcomes; i++)
		if (outcome_is_taken(all->outcomes[i]))
			t->place[t->n++] = (uint8_t)i;
}

/* `targets` are those of the last frame, one for each outcome of its answer. */
static void
keep_taken_targets(Kith__V1__Send *send, const uint8_t *was, const struct client_taken *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < send->n_targets && kept < t->n; i++) {
		Kith__V1__Target *target = send->targets[i];

		if (was[i] != t->place[kept])
			continue;
		send->targets[i] = send->targets[kept];
		send->targets[kept++] = target;
	}
	send->n_targets = kept;
}

static int
taken_pack(struct client_taken *t, const uint8_t *was, const uint8_t *frame, size_t len,
    uint64_t *last_id, uint8_t **again, size_t *again_len)
{
	Kith__V1__Request *r = kith__v1__request__unpack(NULL, len - FRAME_HEADER_BYTES,
	    frame + FRAME_HEADER_BYTES);
	size_t n_targets;

	if (r == NULL)
		return 0;
	n_targets = r->send->n_targets;
	keep_taken_targets(r->send, was, t);
	r->send->client_id = client_id_take(last_id, (unsigned)t->n);
	*again_len = client_frame_size(r);
	*again = r->send->n_targets == t->n && *again_len > 0 ? malloc(*again_len) : NULL;
	if (*again != NULL)
		wire_pack_frame(&r->base, *again, *again_len);
	r->send->n_targets = n_targets;		/* all are freed */
	kith__v1__request__free_unpacked(r, NULL);
	return *again != NULL;
}

int
client_taken_again(struct client_taken **t, const Kith__V1__Sent *all, const uint8_t *frame,
    size_t len, uint64_t *last_id, uint8_t **again, size_t *again_len)
{
	Kith__V1__Sent *before, *copy;
	uint8_t was[TARGETS_MAX];
	size_t taken = 0;
	int rc;

	for (size_t i = 0; i < all->n_outcomes; i++)
		taken += (size_t)outcome_is_taken(all->outcomes[i]);
	if (taken == 0 || (*t == NULL && (*t = calloc(1, sizeof(**t))) == NULL))
		return 0;
	for (size_t i = 0; i < TARGETS_MAX; i++)
		was[i] = (*t)->so_far != NULL ? (*t)->place[i] : (uint8_t)i;
	if ((*t)->tries++ >= TRIES_MAX || all->n_outcomes > TARGETS_MAX ||
	    (copy = (Kith__V1__Sent *)wire_copy(&all->base)) == NULL)
		return 0;
	before = (*t)->so_far;		/* `all` may borrow from it */
	taken_note(*t, copy);
	rc = taken_pack(*t, was, frame, len, last_id, again, again_len);
	if (!rc)
		(*t)->so_far = before;
	if ((rc ? before : copy) != NULL)
		kith__v1__sent__free_unpacked(rc ? before : copy, NULL);
	return rc;
}

void
client_taken_free(struct client_taken *t)
{
	if (t != NULL && t->so_far != NULL)
		kith__v1__sent__free_unpacked(t->so_far, NULL);
	free(t);
}
