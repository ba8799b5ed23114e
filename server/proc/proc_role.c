/*
 * proc_role.c - the roles' names, from their rows.
 */
#include "server/proc/proc_role.h"

#define NAME(role, name, ...) [ROLE_##role] = name,
static const char *const role_names[ROLE_COUNT] = { ROLES(NAME) };
#undef NAME

const char *
proc_role_name(enum role r)
{
	return r < ROLE_COUNT ? role_names[r] : "?";
}
