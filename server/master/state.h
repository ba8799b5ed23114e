/*
 * state.h - the state directory: made, owned, locked; key and certificate in
 * it.
 *
 * Shape  STATE        0750, of the service user: kith.db, control, kithd.pid
 *        STATE/tls    0700, of the master's user: roles get the bytes, no file
 *        STATE/empty  0555, of the master's user: root of roles that see
 *        nothing
 * Trust  Roles can write to STATE. So the master, which may be root, follows no
 *        links in it, and trusts no file in it except a kithd.conf that root
 *        owns.
 */
#ifndef KITH_SERVER_STATE_H
#define KITH_SERVER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/tls/tls.h"

/* In the state directory. */
#define KNOWN_KEY_FILE	"tls/known-key"

struct conf;

/* The user that the roles run as. */
struct state_owner {
	bool	drops;		/* this process is root and they are not */
	uid_t	uid;
	gid_t	gid;
};

/* Writes `err`; -1. For the files of the state directory. */
int	state_refuse(char *err, size_t errlen, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* 0 or -1 with err: root, and there is no conf->user, or it is root, too. */
int	state_owner(const struct conf *c, struct state_owner *o, char *err,
	    size_t errlen);

/* Would state_make() take the directory? Changes nothing. 0 or -1 with err. */
int	state_check(const struct conf *c, const struct state_owner *o,
	    char *err, size_t errlen);

/* Makes what is missing. As root it takes over a directory that root owns and
 * that holds only kithd's files. Takes rights of others on it away. 0 or -1
 * with err. */
int	state_make(const struct conf *c, const struct state_owner *o, char *err,
	    size_t errlen);

/* Makes key and certificate if they are missing, except a key that was lost:
 * for the host's names, localhost and every address of the machine. 0 or -1
 * with err. */
int	state_make_certificate(const struct conf *c, char *err, size_t errlen);

/* May a start overwrite the pid file? Not if it is a link, or holds anything
 * but a process id. 0 or -1 with err. */
int	state_check_pid_file(const struct conf *c, char *err, size_t errlen);

/* Was the key that kithd made lost? Another one must not take its place
 * without a word: clients know it. 0 or -1 with err. */
int	state_check_key(const struct conf *c, char *err, size_t errlen);

/* -- state_lock.c --------------------------------------------------------- */

/* Both locked while we run; -1: not open. */
struct state_lock {
	int	pid_fd, dir_fd;
};

/* Locks the state directory and the pid file, and writes our number into that.
 * 0 or -1 with err: another kithd runs there. Call state_unlock() in both
 * cases. */
int	state_lock(struct state_lock *l, const struct conf *c, char *err,
	    size_t errlen);

/* Removes the pid file, if the name is still that of ours, and gives the locks
 * up. */
void	state_unlock(struct state_lock *l, const struct conf *c);

/* What a path leads to, against the file that we made there. */
enum state_path { STATE_PATH_OURS, STATE_PATH_GONE, STATE_PATH_OTHER };

/* Writes the pid file again if it was removed. What is there now. */
enum state_path state_keep_pid_file(struct state_lock *l, const struct conf *c);

/* A descriptor of kith.db while it is the file `id` (device, number), or -1.
 * While it is open, no other file gets that number, even if this one is
 * removed: so what knows the file by its number cannot mistake another. */
int	state_pin(const struct conf *c, const uint64_t id[2]);

/* -- the key -------------------------------------------------------------- */

/* The fingerprint of the key at the last start or reload, which clients know.
 * In STATE/tls, where no role can write. 0 or -errno. */
int	state_known_key(const struct conf *c, char known[TLS_FINGERPRINT_MAX]);
int	state_set_known_key(const struct conf *c, const char *fingerprint);

#endif
