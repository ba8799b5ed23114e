/*
 * pem.c - reads key and certificate. Master only.
 */
#include "server/handout/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole file as a text. 0 or -errno. */
static int
read_text(const char *file, char *buf, size_t cap)
{
	struct stat st;
	size_t len = 0;
	ssize_t got = 0;
	int fd, rc = 0;

	if ((fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	while (rc == 0 && len < cap && (got = read(fd, buf + len, cap - len)) > 0)
		len += (size_t)got;
	if (rc == 0 && got < 0)
		rc = -errno;
	else if (rc == 0 && len == cap)
		rc = -EFBIG;
	else if (rc == 0)
		buf[len] = '\0';
	close(fd);
	return rc;
}

int
pem_load(struct pem *p, const char *certificate_file, const char *key_file,
    char *err, size_t errlen)
{
	const char *file = certificate_file;
	int rc = read_text(file, p->certificate, sizeof(p->certificate));

	if (rc == 0) {
		file = key_file;
		rc = read_text(file, p->key, sizeof(p->key));
	}
	if (rc == 0)
		return 0;
	snprintf(err, errlen, "%s: %s", file, strerror(-rc));
	explicit_bzero(p, sizeof(*p));
	return -1;
}
