/* file.c - small files, read whole; first lines. */
#include "protocol/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* read() that a signal does not end. */
static ssize_t
file_read_some(int fd, void *buf, size_t cap)
{
	ssize_t n;

	while ((n = read(fd, buf, cap)) < 0 && errno == EINTR)
		;
	return n < 0 ? -errno : n;
}

/* A file may grow while it is read: what counts is what came. */
static ssize_t
file_read_all(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	while (len < cap && (n = file_read_some(fd, buf + len, cap - len)) != 0) {
		if (n < 0)
			return n;
		len += (size_t)n;
	}
	if (len == cap)
		return -EFBIG;
	buf[len] = '\0';
	return (ssize_t)len;
}

int
file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc;
	struct stat st;

	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? fd : -EINVAL;
	if (rc < 0)
		close(fd);
	return rc;
}

int
file_append(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    (mode != 0 ? O_CREAT : 0), mode), rc;
	struct stat st;

	if (fd < 0)
		return errno == ENXIO ? -EINVAL : -errno;	/* nobody reads the pipe */
	rc = fstat(fd, &st) < 0 ? -errno :
	    S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) ? fd : -EINVAL;
	if (rc >= 0 && fcntl(fd, F_SETFL, O_APPEND) < 0)
		rc = -errno;
	if (rc < 0)
		close(fd);
	return rc;
}

const char *
file_strerror(ssize_t rc)
{
	switch (rc) {
	case -EINVAL:
		return "not a regular file";
	case -EFBIG:
		return "too large";
	default:
		return strerror((int)-rc);
	}
}

ssize_t
file_read(const char *path, void *buf, size_t cap)
{
	int fd = file_open(path);
	ssize_t n = fd < 0 ? fd : file_read_all(fd, buf, cap);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		explicit_bzero(buf, cap);
	return n;
}

ssize_t
file_read_line(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	while (len < cap && (n = file_read_some(fd, buf + len, 1)) != 0) {
		if (n < 0) {
			explicit_bzero(buf, cap);
			return n;
		}
		if (buf[len] == '\n')
			break;
		len++;
	}
	if (len == cap) {
		explicit_bzero(buf, cap);
		return -EFBIG;
	}
	if (len > 0 && buf[len - 1] == '\r')
		len--;
	buf[len] = '\0';
	return (ssize_t)len;
}
