/*
 * fingerprint.h - the fingerprint of a server's key: "SHA256:" and 43
 * characters of base64url (kith-protocol(7), "TRANSPORT").
 */
#ifndef KITH_PROTOCOL_FINGERPRINT_H
#define KITH_PROTOCOL_FINGERPRINT_H

#include <stdbool.h>

bool	fingerprint_valid(const char *s);

#endif
