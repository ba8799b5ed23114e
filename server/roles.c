/*
 * roles.c - the table of roles. It names all mains, so it is at the top of the tree.
 */
#include "server/conf/conf.h"
#include "server/proc/proc_role.h"

#define ROW(role, ...) [ROLE_##role] = { __VA_ARGS__ },

const struct proc_role proc_roles[ROLE_COUNT] = { ROLES(ROW) };
