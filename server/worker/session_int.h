/*
 * session_int.h - between session.c, session_groups.c, session_login.c and
 * session_request.c.
 */
#ifndef KITH_SERVER_SESSION_INT_H
#define KITH_SERVER_SESSION_INT_H

#include "protocol/ipc.pb-c.h"
#include "server/proc/ipc.h"
#include "server/worker/session.h"

/* session.c */

/* A request's head, with all that a worker says about who asks. */
void	session_head(const struct conn *c, enum ipc_type type,
	    uint64_t request, struct ipc_head *h);

/* Requests in flight. A request's connection is always there: session_end()
 * takes its requests with it. session_expect(): NULL, no memory. */
struct request	*session_expect(struct conn *c, uint64_t id, unsigned slot);
struct request	*session_find_request(struct conn *c, uint64_t id);
void		 session_answered(struct conn *c, struct request *r);

/* The encoded answer to request `id`, or 0: it answers none. As
 * session_reply(). */
void	session_pass_reply(struct conn *c, uint64_t id, const uint8_t *reply,
	    uint32_t len);

/* The loop does not sleep longer than until the next try to pass something
 * on. */
void	session_retry_soon(struct worker *w);

/* session_groups.c */

/* Sends the LOADs that are wanted, a bounded number at a time. */
void	session_send_loads(struct worker *w);
void	session_set_loading(struct conn *c, enum session_load to);

/* Follows the groups that the store said, corrected by what it said meanwhile.
 * 0 or -errno. */
int	session_follow_loaded(struct conn *c, const Kith__Ipc__Loaded *loaded);
void	session_unfollow_all(struct conn *c);

/* session_login.c */

/* The request failed; frees `r`. A login is over then: GREETED again, in no
 * table. */
void	session_fail(struct conn *c, struct request *r, enum kith_err code,
	    uint32_t retry_after_ms);

#endif
