/*
 * proc_role.c - the roles' names, from their rows, and their slots.
 */
#include "server/proc/proc_role.h"

#include "server/proc/proc.h"

#define NAME(role, name, ...) [ROLE_##role] = name,
static const char *const role_names[ROLE_COUNT] = { ROLES(NAME) };
#undef NAME

const char *
proc_role_name(enum role r)
{
	return r < ROLE_COUNT ? role_names[r] : "?";
}

enum role
proc_slot_role(const struct shared *s, unsigned slot)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		if (slot >= s->first[r] && slot - s->first[r] < s->count[r])
			return (enum role)r;
	return ROLE_COUNT;
}
