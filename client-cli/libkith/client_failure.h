/*
 * client_failure.h - fills in struct kith_failure, and says what may be done
 * about it.
 */
#ifndef KITH_CLIENT_FAILURE_H
#define KITH_CLIENT_FAILURE_H

#include <stdint.h>

#include "client-cli/libkith/kith.h"

/* Found here: `code` is an enum kith_local. `text` adds to the code's own
 * words; NULL or "": nothing. */
void	client_failure_local(struct kith_failure *f, uint32_t code,
	    const char *text);
void	client_failure_from_server(struct kith_failure *f,
	    const Kith__V1__Error *e);

/* Would the same request succeed later? */
int	client_failure_is_passing(const struct kith_failure *f);
/* Would a new connection, made without a person, fail in the same way? */
int	client_failure_is_final(const struct kith_failure *f);

#endif
