/*
 * store_device.h - auth's questions about devices and hooks: their tokens.
 */
#ifndef KITH_SERVER_STORE_DEVICE_H
#define KITH_SERVER_STORE_DEVICE_H

#include "server/store/store_ask.h"

/* Logins by token are written many at a time (store_device_used). */
extern const struct store_ask_row store_device_create, store_device_find,
    store_device_used;

#endif
