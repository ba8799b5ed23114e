/*
 * broken_registry.h - a registry that cannot say who is online, as after a
 * death inside a stripe: every lookup answers -EBADMSG until registry_heal().
 */
#ifndef KITH_TESTS_BROKEN_REGISTRY_H
#define KITH_TESTS_BROKEN_REGISTRY_H

#include <stdatomic.h>

#include "shm/registry.h"
#include "shm/stripe.h"

static inline void
registry_break(struct registry *r)
{
	for (uint32_t i = 0; i < r->sessions.stripes; i++)
		atomic_store(&stripe_at(&r->sessions, i)->broken, 1);
	for (uint32_t i = 0; i < r->groups.stripes; i++)
		atomic_store(&stripe_at(&r->groups, i)->broken, 1);
}

#endif
