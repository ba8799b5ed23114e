/*
 * listen.h - the listening sockets: one SO_REUSEPORT socket per worker and
 * address.
 *
 * The master makes them before it drops privileges, keeps all of them open
 * while it lives, and gives them all to each worker: so connections in the
 * queue of a dead worker are answered by its successor, and those in the queue
 * of a worker that hangs by the others. The set never changes while kithd runs,
 * since closing one socket of the group drops its queue.
 */
#ifndef KITH_SERVER_LISTEN_H
#define KITH_SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "server/lib/netname.h"
#include "server/proc/proc.h"

#define LISTEN_BACKLOG	1024

struct conf;

struct listener {
	char	text[NETNAME_LISTEN_MAX];	/* with the real port */
	int	fds[REGISTRY_WORKERS_MAX];
};

struct listeners {
	unsigned	n, workers;
	struct listener	at[PROC_LISTEN_MAX];
};

/* Binds and listens on all of conf->listen. A bind without SO_REUSEPORT comes
 * first: it fails where somebody else listens, and picks the port if it is 0.
 * Non-blocking, close-on-exec. 0, or -1 with `err` and nothing is open. */
int		 listen_open(struct listeners *l, const struct conf *c,
		    unsigned workers, char *err, size_t errlen);

/* Could listen_open() have the addresses, all of them together? One that
 * another process has is not its matter. 0, or the exit status with `err`. */
int		 listen_check(const struct conf *c, char *err, size_t errlen);
void		 listen_close(struct listeners *l);

/* Fills `fds` with the sockets of each worker, and -1. */
void		 listen_give(const struct listeners *l,
		    int fds[REGISTRY_WORKERS_MAX][PROC_LISTEN_MAX]);

/* The first address is not "*". */
bool		 listen_is_specific(const struct listeners *l);

#endif
