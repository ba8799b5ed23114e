/*
 * auth_used.c - which devices logged in by token: collected, then told to the writer.
 */
#include "protocol/base/clock.h"
#include "server/auth/auth.h"

static void
tell(struct auth *a)
{
	Kith__Ipc__TokensUsed used = KITH__IPC__TOKENS_USED__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;
	struct ipc_head h = { .type = IPC_ASK };

	used.devices = a->used;
	used.n_devices = a->nused;
	used.time_ms = clock_utc_ms();
	ask.what_case = KITH__IPC__ASK__WHAT_TOKENS_USED;
	ask.tokens_used = &used;
	/* Lost if the inbox is full: the next login tells it again. */
	ipc_send_msg(a->p, ipc_slot(a->p, ROLE_WRITER, 0), &h, &ask.base);
	a->nused = 0;
}

void
auth_note_used(struct auth *a, uint64_t device, uint64_t now_ms)
{
	if (a->nused == 0)
		a->used_at = now_ms + AUTH_USED_MS;
	a->used[a->nused++] = device;
	if (a->nused == AUTH_USED_MAX)
		tell(a);
}

void
auth_tell_used(struct auth *a, uint64_t now_ms)
{
	if (a->nused > 0 && now_ms >= a->used_at)
		tell(a);
}
