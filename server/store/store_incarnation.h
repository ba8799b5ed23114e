/*
 * store_incarnation.h - which history the database holds, and whether it is
 * still the one that the server wrote last.
 *
 * The database carries a random number, the incarnation, which clients learn
 * when they log in (LoggedIn.history). Beside it, STATE/kith.history is the
 * mark: the incarnation, and how many sequence numbers were given. The writer
 * brings it up to date after each commit and before the answer. A database that
 * is behind its mark was restored from an older backup, or lost its tail: its
 * numbers will be given a second time, so it gets a new incarnation. Clients
 * forget the numbers that they know and read on after
 * Conversation.restored_seq, the last number of each log at that moment. So
 * does a database that carries another incarnation, or has events but no mark.
 *
 * Process  The writer looks at each new connection; both store roles read.
 * Crash    The mark is written after its commit is on the disk, so it is never
 *          ahead of it: no crash and no power cut makes a new incarnation.
 * Trust    The mark's bytes are checked; what is malformed is no mark.
 * Limits   Only the last change has its restored_seq: a client that was away
 *          over two of them may miss what was written in between. A backup is
 *          noticed at a new connection only: stop kithd to restore one. What
 *          was given after the last mark that reached the disk before a power
 *          cut is not missed. One mark for each server: two servers on one
 *          database would have to agree on it.
 */
#ifndef KITH_SERVER_STORE_INCARNATION_H
#define KITH_SERVER_STORE_INCARNATION_H

#include "server/store/store_int.h"

/* Writer: begins, without I/O; ends, with the mark on the disk. */
void		store_incarnation_init(struct store *s);
void		store_incarnation_fini(struct store *s);

/* Writer: compares the database with the mark, in the transaction that prepares
 * a new connection. DB_OK, or a failure. */
enum db_class	store_incarnation_check(struct store *s);

/* Writer: after each commit. */
void		store_incarnation_note(struct store *s);

/* The database's incarnation; 0 if it has none yet. DB_OK or a failure. */
enum db_class	store_incarnation_get(struct store *s, uint64_t *incarnation);

#endif
