/*
 * master_init.c - `kithd init`: what a start would make, without the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/handout/pem.h"
#include "server/lib/log.h"
#include "server/master/master_int.h"

/* If there is no kithd.conf: one with every option and its help, as comments. */
static int
write_sample(const struct conf *c, char *err, size_t errlen)
{
	char path[4096 + sizeof("/kithd.conf")];
	int fd, rc;

	if (c->file != NULL)
		return 0;
	snprintf(path, sizeof(path), "%s/kithd.conf", c->state_dir);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) < 0)
		rc = -errno;
	else {
		rc = conf_dump(c, fd);
		close(fd);
	}
	if (rc < 0)
		snprintf(err, errlen, "kithd.conf: %s", strerror(-rc));
	return rc < 0 ? -1 : 0;
}

static int
read_fingerprint(const struct conf *c, char fingerprint[TLS_FINGERPRINT_MAX], char *err,
    size_t errlen)
{
	struct pem *pem = calloc(1, sizeof(*pem));
	int rc;

	if (pem == NULL) {
		snprintf(err, errlen, "no memory for the certificate");
		return -1;
	}
	rc = master_read_certificate(c, pem, fingerprint, err, errlen);
	explicit_bzero(pem, sizeof(*pem));
	free(pem);
	return rc;
}

int
master_init(const struct conf *c)
{
	char err[1024] = "", fingerprint[TLS_FINGERPRINT_MAX];
	struct state_owner owner;

	if (state_owner(c, &owner, err, sizeof(err)) < 0 ||
	    state_make(c, &owner, err, sizeof(err)) < 0 ||
	    write_sample(c, err, sizeof(err)) < 0 ||
	    state_make_certificate(c, err, sizeof(err)) < 0 ||
	    read_fingerprint(c, fingerprint, err, sizeof(err)) < 0) {
		log_complain(err);
		return 1;
	}
	printf("%s is ready.\nkey %s\n", c->state_dir, fingerprint);
	return 0;
}
