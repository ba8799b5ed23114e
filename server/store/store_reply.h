/*
 * store_reply.h - answers to workers.
 *
 * Sending never waits and never fails: an inbox that is full drops the record
 * and counts it, and its worker notices.
 */
#ifndef KITH_SERVER_STORE_REPLY_H
#define KITH_SERVER_STORE_REPLY_H

#include "server/store/store_int.h"

/* The head of an answer: the asker, its generation, its request. */
void	store_reply_head(const struct ipc_head *asked, enum ipc_type type,
	    struct ipc_head *out);

/* Packs and sends a Reply; sets its id from `h`. A Reply that does not fit into
 * a record becomes TOO_LARGE. */
void	store_reply(struct store *s, const struct ipc_head *h,
	    Kith__V1__Reply *r);
void	store_reply_done(struct store *s, const struct ipc_head *h);
/* The worker closes the session after this reply. */
void	store_reply_done_and_close(struct store *s, const struct ipc_head *h);
void	store_reply_error(struct store *s, const struct ipc_head *h,
	    enum kith_err code);
/* With other words than the code's own. */
void	store_reply_error_text(struct store *s, const struct ipc_head *h,
	    enum kith_err code, const char *text);

/* Fills `e` for an outcome or a reply: code, text, retry_after. */
void	store_reply_fill_error(Kith__V1__Error *e, enum kith_err code);

#endif
