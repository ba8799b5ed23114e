/*
 * served.h - the mark in the state directory that says: this server has served
 * before, so its database exists.
 *
 * A database that is missing beside it was lost. It is never replaced by an
 * empty one without a word.
 */
#ifndef KITH_SERVER_SERVED_H
#define KITH_SERVER_SERVED_H

#include <stdbool.h>

#define SERVED_FILE	"first-invite-made"

/* The mark of how much was stored (server/store/store_incarnation.h). */
#define HISTORY_FILE	"kith.history"

bool	served_before(const char *state_dir);

/* 0 or -errno. */
int	served_note(const char *state_dir);

#endif
