/*
 * known_servers.h - the keys of the servers that this person knows, as ssh
 * keeps known_hosts.
 *
 * Shape   $XDG_DATA_HOME/kith/known_servers, a line each: "host:port
 *         SHA256:...". A second line of a server has the key that it said
 *         would be its next.
 * Lock    Several processes share it: flock() of its folder around a change.
 *
 * Errors  A negative errno: those below, and those of disk.h.
 */
#ifndef KITH_CLI_KNOWN_SERVERS_H
#define KITH_CLI_KNOWN_SERVERS_H

#include <limits.h>

#define KNOWN_SERVERS_KEY_MAX	64	/* "SHA256:" and 43 characters */

/* `address` is "host:port"; `next` is "" if there is none. -ENOENT: never
 * seen. */
int	known_servers_find(const char *address,
	    char key[KNOWN_SERVERS_KEY_MAX], char next[KNOWN_SERVERS_KEY_MAX]);

/* Adds or replaces the server's key and the next one, which may be "". */
int	known_servers_set(const char *address, const char *key,
	    const char *next);

/* The file, to name it in a message. */
int	known_servers_path(char out[PATH_MAX]);

#endif
