/*
 * store_lobby.h - the group that every new account joins. Writer.
 */
#ifndef KITH_SERVER_STORE_LOBBY_H
#define KITH_SERVER_STORE_LOBBY_H

#include "server/store/store_int.h"

/* In a transaction, at each new connection: finds the public group conf->lobby,
 * or makes it. */
enum db_class	store_lobby_make(struct store *s);

/* In the transaction that makes the account: `user` joins the lobby, if there
 * is one. The group is told after the commit. */
enum db_class	store_lobby_join(struct store *s, uint64_t user);

#endif
