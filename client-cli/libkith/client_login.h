/*
 * client_login.h - one connection: the server's key, the greeting, the login,
 * and then the frames. The first two are net's hooks.
 */
#ifndef KITH_CLIENT_LOGIN_H
#define KITH_CLIENT_LOGIN_H

#include <stdint.h>

struct kith;

/* Connected: compares the key, and greets only if it is the pinned one. */
void	client_login_on_up(void *kith, const char *key);
void	client_login_on_frame(void *kith, const uint8_t *body, uint32_t len);

/* A Ping if nothing was sent since the last beat; gives the connection up if
 * the server is silent. */
void	client_login_beat(struct kith *k);

#endif
