/*
 * roles.c - the roles of kithd, in the order of their start.
 */
#include "server/proc/proc.h"

const struct proc_role proc_roles[ROLE_COUNT] = {
	[ROLE_MASTER] = { .name = "master", .secrets = true },
	[ROLE_LOG] = { .name = "log", .main = log_main, .chroot_empty = true },
	[ROLE_WRITER] = { .name = "writer", .main = store_writer_main, .chroot_state = true,
	    .secrets = true },
	[ROLE_READER] = { .name = "reader", .main = store_reader_main, .chroot_state = true,
	    .secrets = true },
	[ROLE_AUTH] = { .name = "auth", .main = auth_main, .chroot_empty = true,
	    .secrets = true },
	[ROLE_WORKER] = { .name = "worker", .main = worker_main, .chroot_empty = true,
	    .listens = true, .secrets = true },
};
