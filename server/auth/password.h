/*
 * password.h - password hashes, by libxcrypt.
 *
 * New ones are yescrypt at PASSWORD_COST (21 ms and 16 MiB measured). A hash names
 * its method, so any that crypt(5) lists is verified.
 *
 * Who    the auth role. Each call but password_stale() computes one hash.
 * Trust  The password is what a client sent; the hash is the store's. The work area is
 *        wiped before each return.
 */
#ifndef KITH_SERVER_PASSWORD_H
#define KITH_SERVER_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_COST		5
#define PASSWORD_HASH_MAX	384u	/* CRYPT_OUTPUT_SIZE, NUL included */

struct password;			/* the work area: one per process */

struct password	*password_create(void);	/* NULL with errno; yours, free with password_destroy() */
void		 password_destroy(struct password *w);

/* With fresh salt. 0 or -errno of crypt_r(). */
int		 password_make(struct password *w, const char *phrase, char hash[PASSWORD_HASH_MAX]);

/* 0: right. -EACCES: wrong. Others: the hash is none of crypt(5) (an account that
 * has no password; takes as long as a wrong one), or no memory. */
int		 password_verify(struct password *w, const char *phrase, const char *hash);

/* The work of password_verify() where there is no account: -EACCES. */
int		 password_verify_nobody(struct password *w, const char *phrase);

/* It was not made by the method and at the cost that password_make() uses now. */
bool		 password_stale(const struct password *w, const char *hash);

#endif
