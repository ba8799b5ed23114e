/*
 * proc_role.h - the roles of kithd: one row each.
 *
 * ROLES(X) calls X for each role, in the order of their start. Roles start each
 * when those before it are ready, and stop in the opposite order. What else
 * lists roles is made from the rows: enum role, proc_roles[] (roles.c), their
 * names in logs, metrics and kithctl, the layout of shared memory, the bits of
 * ipc_table.c. All roles are restarted alike (master.h).
 *
 * Columns of a row, as in struct proc_role:
 *   main	its main function; NULL: the master
 *   count	the option that says how many, or PROC_ONE
 *   share	its inbox is inbox_bytes divided by this: small records only
 *   root	what it sees of the file system
 *   listens	gets sockets, certificate, ticket keys and page
 *
 * No role dumps core, whatever its row says: each is a copy of the master.
 */
#ifndef KITH_SERVER_PROC_ROLE_H
#define KITH_SERVER_PROC_ROLE_H

#include <stdbool.h>
#include <stddef.h>

#define PROC_ONE		0u
#define PROC_COUNT(option)	offsetof(struct conf, option)

/*	  role    name      main               count
 *		  share  root                listens */
#define ROLES(X) \
	X(MASTER, "master", NULL,              PROC_ONE, \
		  8,     PROC_ROOT_ALL,      false) \
	X(LOG,    "log",    logger_main,       PROC_ONE, \
		  8,     PROC_ROOT_LOG,      false) \
	X(WRITER, "writer", store_writer_main, PROC_ONE, \
		  1,     PROC_ROOT_DATABASE, false) \
	X(READER, "reader", store_reader_main, PROC_COUNT(readers), \
		  1,     PROC_ROOT_DATABASE, false) \
	X(AUTH,   "auth",   auth_main,         PROC_COUNT(auth_processes), \
		  1,     PROC_ROOT_EMPTY,    false) \
	X(WORKER, "worker", worker_main,       PROC_COUNT(workers), \
		  1,     PROC_ROOT_EMPTY,    true)

#define PROC_ROLE_ENUM(role, ...) ROLE_##role,
enum role { ROLES(PROC_ROLE_ENUM) ROLE_COUNT };
#undef PROC_ROLE_ENUM

/* With the privileges to change it; else all roles see everything. */
enum proc_root {
	PROC_ROOT_ALL,
	PROC_ROOT_EMPTY,	/* an empty directory */
	PROC_ROOT_DATABASE,	/* SQLite: the state directory; else all */
	PROC_ROOT_LOG	/* log_to stderr: an empty directory; else all */
};

struct conf;
struct proc;
struct shared;

typedef int proc_main(struct proc *p);	/* returns the exit status */

struct proc_role {
	const char	*name;
	proc_main	*main;
	size_t		 count;		/* offset in struct conf, or PROC_ONE */
	unsigned	 share;
	enum proc_root	 root;
	bool		 listens;
};

extern const struct proc_role proc_roles[ROLE_COUNT];	/* roles.c */

/* "worker"; "?" for what is no role. */
const char	*proc_role_name(enum role r);

/* The role of a slot, as the master laid it out; ROLE_COUNT: no such slot. Does
 * not read shared memory. */
enum role	proc_slot_role(const struct shared *s, unsigned slot);

/* The mains, each in its role's room. */
proc_main logger_main, store_writer_main, store_reader_main, auth_main,
    worker_main;

#endif
