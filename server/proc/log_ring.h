/*
 * log_ring.h - sends this process's log lines to the log role's inbox.
 */
#ifndef KITH_SERVER_LOG_RING_H
#define KITH_SERVER_LOG_RING_H

struct proc;

/* From now on, as process `p`, which must stay. A full inbox drops the line and
 * counts it (log_dropped). The log role itself writes to stderr. */
void	log_ring_attach(struct proc *p);

/* Back to stderr: nobody will empty the inbox any more. */
void	log_ring_detach(void);

#endif
