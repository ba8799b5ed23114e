/*
 * pem.c - reads key and certificate. Master only.
 */
#include "server/handout/pem.h"

#include <stdio.h>
#include <string.h>

#include "protocol/base/file.h"

int
pem_load(struct pem *p, const char *certificate_file, const char *key_file,
    char *err, size_t errlen)
{
	const char *file = certificate_file;
	ssize_t rc = file_read(file, p->certificate, sizeof(p->certificate));

	if (rc >= 0) {
		file = key_file;
		rc = file_read(file, p->key, sizeof(p->key));
	}
	if (rc >= 0)
		return 0;
	snprintf(err, errlen, "%s: %s", file, file_strerror(rc));
	explicit_bzero(p, sizeof(*p));
	return -1;
}
