/*
 * store.h - what kith keeps on disk: profiles, tokens, known servers, counters.
 *
 * Shape   $XDG_CONFIG_HOME/kith/PROFILE.conf     server and user, for people to read
 *         $XDG_DATA_HOME/kith/PROFILE.token      0600
 *         $XDG_DATA_HOME/kith/known_servers      "host:port SHA256:..." a line
 *         $XDG_STATE_HOME/kith/PROFILE/          counter-DEVICE, history
 *         Folders are made as needed, 0700.
 * Lock    Several processes share a profile. Files are replaced by rename(), under
 *         flock() of their folder where the old content counts.
 * Crash   A file is the old or the new one, whole.
 */
#ifndef KITH_CLI_STORE_H
#define KITH_CLI_STORE_H

#include <limits.h>
#include <stdint.h>

#include "client-cli/libkith/kith.h"
#include "protocol/limits.h"

#define PROFILE_NAME_MAX	64

struct profile {
	char		name[PROFILE_NAME_MAX + 1];
	struct kith_url	url;				/* host, port, plain */
	char		user[NAME_BYTES_MAX + 1];
	char		token[TOKEN_CHARS + 1];		/* wipe with the struct */
};

/* Letters, digits, '.', '-', '_', not a dot first: a file's name. */
int	store_profile_name_ok(const char *name);

/* 0, -ENOENT (no such profile, or logged out), -EINVAL (a line that is no
 * "key = value" of ours), or what open(2) and read(2) say. */
int	store_load(const char *name, struct profile *p);
int	store_save(const struct profile *p);

/* Forgets the login: token, state, profile. */
int	store_forget(const char *name);

/* 0, or -ENOENT: never seen. `address` is "host:port". */
int	store_find_key(const char *address, char key[64]);
int	store_add_key(const char *address, const char *key);

/* Reserves n client ids that no process of this device has used or will use:
 * *first to *first + n - 1. floor: last_client_id of LoggedIn. -EOVERFLOW: log in
 * anew, for another device number. */
int	store_reserve(const char *profile, uint64_t device, uint64_t floor, uint32_t n,
	    uint64_t *first);

/* Paths, for messages and for readline. 0 or -ENAMETOOLONG, -ENOENT (no HOME). */
int	store_known_servers_path(char out[PATH_MAX]);
int	store_history_path(const char *profile, char out[PATH_MAX]);

#endif
