/*
 * client_id.h - client ids of messages: CLIENT_ID_FREE_BIT and 62 bits that
 * this user never used before, on any device.
 *
 * Shape   Milliseconds since 1970 (42 bits) and 20 random bits; within one
 *         process they rise. No file counts them, so a copied or lost one
 *         cannot make two processes use the same ids.
 * Limits  Two processes that send in the same millisecond have the same id
 *         once in a million times. The server refuses one of the two messages,
 *         and client_taken.h sends it again.
 */
#ifndef KITH_CLIENT_ID_H
#define KITH_CLIENT_ID_H

#include <stdint.h>

/* The first of `n` ids in a row, all above *last; raises *last. Start it with
 * 0. */
uint64_t	client_id_take(uint64_t *last, unsigned n);

#endif
