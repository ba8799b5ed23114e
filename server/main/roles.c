/*
 * roles.c - the table of roles. It names all mains, so its room is above all others.
 */
#include "server/conf/conf.h"
#include "server/proc/proc_role.h"

#define ROW(role, ...) [ROLE_##role] = { __VA_ARGS__ },

const struct proc_role proc_roles[ROLE_COUNT] = { ROLES(ROW) };
