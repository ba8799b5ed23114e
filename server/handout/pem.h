/*
 * pem.h - key and certificate as bytes: read by the master, used by workers.
 *
 * Only the master opens the files, at its start and at each reload. The bytes
 * reach the workers by a handout, and a running worker makes a new context from
 * them (proc_pem() in proc.h, tls_ctx_create() in tls.h).
 */
#ifndef KITH_SERVER_PEM_H
#define KITH_SERVER_PEM_H

#include <stddef.h>

#define PEM_CERTIFICATE_MAX	65536u	/* a chain; with the final NUL */
#define PEM_KEY_MAX		16384u

/* NUL-terminated texts. Wipe it after use: explicit_bzero(). */
struct pem {
	char	certificate[PEM_CERTIFICATE_MAX];
	char	key[PEM_KEY_MAX];
};

/* 0, or -1 with the file's name and the reason in `err`; `p` is wiped then. */
int	pem_load(struct pem *p, const char *certificate_file,
	    const char *key_file, char *err, size_t errlen);

#endif
