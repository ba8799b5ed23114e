/*
 * session_int.h - between session.c and session_login.c.
 */
#ifndef KITH_SERVER_SESSION_INT_H
#define KITH_SERVER_SESSION_INT_H

#include "server/proc/ipc.h"
#include "server/worker/session.h"

/* A request's head, with all that a worker says about who asks. */
void	session_head(const struct conn *c, enum ipc_type type, uint64_t request,
	    struct ipc_head *h);

/* Requests in flight. A request's connection is always there: session_end() takes its
 * requests with it. session_expect: NULL, no memory. */
struct request	*session_expect(struct conn *c, uint64_t id, unsigned slot);
struct request	*session_find_request(struct conn *c, uint64_t id);
void		 session_answered(struct conn *c, struct request *r);	/* frees r */
void		 session_fail(struct conn *c, struct request *r, enum kith_err code,
		    uint32_t retry_after_ms);

/* The loop does not sleep longer than until the next try to pass something on. */
void	session_retry_soon(struct worker *w);

/* Sends the LOADs that are wanted, a bounded number at a time. */
void	session_send_loads(struct worker *w);

/* A login that failed half-way: GREETED again, in no table. */
void	session_login_over(struct conn *c);

#endif
