/*
 * log_ring.c - the sink of log.h that every role but the log role uses.
 */
#include "server/proc/log_ring.h"

#include "protocol/base/clock.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"
#include "server/proc/proc.h"

static void
log_ring_push(void *arg, enum log_level level, uint64_t who, const char *text, size_t len)
{
	struct proc *p = arg;
	struct ipc_head h = {
		.type = IPC_LOG,
		.code = level,
		.user = { who },
		.time_ms = clock_utc_ms(),
	};

	if (ipc_send(p, p->shared->first[ROLE_LOG], &h, text, (uint32_t)len) < 0)
		stats_add(p->stats, STAT_log_dropped, 1);
}

void
log_ring_attach(struct proc *p)
{
	log_attach(proc_role_name(p->role), p->index,
	    p->role == ROLE_LOG ? NULL : log_ring_push, p);
}

void
log_ring_detach(void)
{
	log_attach("kithd", 0, NULL, NULL);
}
