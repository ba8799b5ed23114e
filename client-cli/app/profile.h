/*
 * profile.h - one account at one server: what kith keeps of it on disk.
 *
 * Shape   $XDG_CONFIG_HOME/kith/PROFILE.conf     server and user, for people to
 *                                                read
 *         $XDG_DATA_HOME/kith/PROFILE.token      the login; keep it private
 *         $XDG_STATE_HOME/kith/PROFILE/          counter-DEVICE, history,
 *                                                target, unsent-N (kept.h)
 * Lock    Several processes share a profile: flock() of a counter around its
 *         change, other files are replaced whole.
 *
 * Errors  A negative errno: those below, and those of disk.h.
 */
#ifndef KITH_CLI_PROFILE_H
#define KITH_CLI_PROFILE_H

#include <limits.h>
#include <stdint.h>

#include "client-cli/libkith/kith.h"
#include "protocol/limits.h"

#define PROFILE_NAME_MAX	64

struct profile {
	char		name[PROFILE_NAME_MAX + 1];
	struct kith_url	url;		/* host, port, plain */
	char		user[NAME_BYTES_MAX + 1];
	char		token[TOKEN_CHARS + 1];	/* wipe with the struct */
};

/* Letters, digits, '.', '-', '_', not beginning with a dot: it names files. */
int	profile_name_ok(const char *name);

/* -ENOENT: no such profile, or logged out; -EINVAL: a line that is no
 * "key = value" of ours. */
int	profile_load(const char *name, struct profile *p);
int	profile_save(const struct profile *p);

/* Forgets the login: token, state, profile. */
int	profile_forget(const char *name);

/* To whom the chat talked last: "#ops", "@alice", "". -EINVAL: too long. */
int	profile_load_target(const char *profile, char *out, size_t size);
int	profile_save_target(const char *profile, const char *target);

/* The lines typed in the chat, for readline. Makes their folder. */
int	profile_history_path(const char *profile, char out[PATH_MAX]);

#endif
