/*
 * password.h - password hashes, by libxcrypt.
 *
 * New hashes are yescrypt at PASSWORD_COST (measured: 21 ms and 16 MiB). A
 * hash names its method, so any that crypt(5) lists can be verified.
 *
 * Who    The auth role. Each call except password_stale() computes one hash.
 * Trust  The password came from a client, the hash from the store. The work
 *        area is wiped before each return.
 */
#ifndef KITH_SERVER_PASSWORD_H
#define KITH_SERVER_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_COST		5
#define PASSWORD_HASH_MAX	384u	/* CRYPT_OUTPUT_SIZE, NUL included */

struct password;			/* the work area: one per process */

/* NULL with errno. Yours, free with password_destroy(). */
struct password	*password_create(void);
void		 password_destroy(struct password *w);

/* With fresh salt. 0 or -errno of crypt_r(). */
int		 password_make(struct password *w, const char *phrase,
		    char hash[PASSWORD_HASH_MAX]);

/* 0: right. -EACCES: wrong, or `hash` names no method of crypt(5) (an account
 * without a password; takes as long as a wrong one). Otherwise nothing could be
 * compared: no memory (for which libxcrypt says EINVAL, too), or a damaged
 * hash. */
int		 password_verify(struct password *w, const char *phrase,
		    const char *hash);

/* The work of password_verify() where there is no account: -EACCES, or the same
 * failure. */
int		 password_verify_nobody(struct password *w, const char *phrase);

/* Whether password_make() would use another method or cost today. */
bool		 password_stale(const struct password *w, const char *hash);

#endif
