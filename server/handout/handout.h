/*
 * handout.h - bytes that the master hands to running roles: options that may be
 * reloaded, key and certificate, ticket keys.
 *
 * Shape  A memfd with one seqpage, made before the fork. The master rewrites
 *        it; a role that may read it maps it at its start, the others close it.
 * Trust  A role's mapping is read-only and cannot be made writable (future
 *        writes are sealed); the master's is not inherited. Not in core dumps.
 */
#ifndef KITH_SERVER_HANDOUT_H
#define KITH_SERVER_HANDOUT_H

#include <stddef.h>
#include <stdint.h>

struct seqpage;

struct handout {
	int		 fd;	/* -1: mapped, or not created */
	uint32_t	 cap;
	struct seqpage	*page;	/* this process's mapping, or NULL */
};

#define HANDOUT_NONE	{ .fd = -1 }

/* Master, before any fork. 0 or -errno. */
int	handout_create(struct handout *h, const char *name, uint32_t cap);

/* Role, at its start: maps it read-only, closes the descriptor. 0 or -errno. */
int	handout_open(struct handout *h);

/* Role that may not read it, at its start: closes the descriptor. */
void	handout_refuse(struct handout *h);

/* Unmaps and closes. */
void	handout_close(struct handout *h);

/* Master only. 0 or -EMSGSIZE. */
int	handout_write(struct handout *h, const void *bytes, uint32_t len);

/* As seqpage_read(); -EBADF if it is not mapped. */
int	handout_read(const struct handout *h, void *buf, uint32_t cap,
	    uint32_t *len);

#endif
