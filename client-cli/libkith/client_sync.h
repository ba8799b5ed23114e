/*
 * client_sync.h - asks the server what client_state wants to know, one question
 * at a time, and enters KITH_READY when nothing is missing.
 */
#ifndef KITH_CLIENT_SYNC_H
#define KITH_CLIENT_SYNC_H

#include "client-cli/libkith/kith.h"

/* Logged in. */
void	client_sync_start(struct kith *k);

/* A live event; a Resync. */
void	client_sync_event(struct kith *k, const Kith__V1__Event *event);
void	client_sync_again(struct kith *k);

/* The tick: second tries, and the read cursors that wait. */
void	client_sync_tick(struct kith *k);

#endif
