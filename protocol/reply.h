/*
 * reply.h - builds the replies that have no data of their own: Error, Done and
 * Closing.
 *
 * `base` is what to pack or send. It points into its struct: do not copy or
 * move that. Texts are borrowed.
 */
#ifndef KITH_PROTOCOL_REPLY_H
#define KITH_PROTOCOL_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/frame.pb-c.h"

struct reply {
	Kith__V1__Reply		base;
	Kith__V1__Error		error;
	Kith__V1__Done		done;
	Kith__V1__Closing	closing;
};

/* text NULL: the code's own. retry_after_ms 0: retrying will not help. */
const Kith__V1__Reply	*reply_error(struct reply *r, uint64_t id,
			    enum kith_err code, const char *text,
			    uint32_t retry_after_ms);
const Kith__V1__Reply	*reply_done(struct reply *r, uint64_t id);
const Kith__V1__Reply	*reply_closing(struct reply *r, enum kith_err why,
			    uint32_t retry_after_ms);

/* The Error alone, for messages that carry one. */
void	reply_fill_error(Kith__V1__Error *e, enum kith_err code,
	    const char *text, uint32_t retry_after_ms);

/* Packs any reply. Returns its length, or 0 if it does not fit into `cap`. */
size_t	reply_pack(const Kith__V1__Reply *r, uint8_t *buf, size_t cap);

#endif
