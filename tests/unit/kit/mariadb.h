/*
 * mariadb.h - a MariaDB server of one test program: a folder of its own, a Unix
 * socket and no network. It dies with the program, however that ends.
 */
#ifndef KITH_TESTS_MARIADB_H
#define KITH_TESTS_MARIADB_H

#include <stdbool.h>

struct db;

/* This machine has mariadbd, and the driver is built in. */
bool		 mariadb_there(void);

/* Starts it if it does not run, with `option` (NULL: none) besides the usual
 * ones. Returns its socket. A start after mariadb_stop() finds the same
 * data. */
const char	*mariadb_start(const char *option);

/* At once, as a crash does, or with time to close. */
void		 mariadb_stop(bool at_once);

/* One statement as root, in no database. Ends the program if it fails. */
void		 mariadb_do(const char *sql);

/* `d`, a MySQL driver, still holds the password that it logged in with. */
bool		 mariadb_keeps_password(struct db *d);

/* From here on `d` works as with a server that has neither RETURNING nor
 * arrays. */
void		 mariadb_make_plain(struct db *d);

#endif
