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
	struct stat st;
	size_t len = 0;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
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

ssize_t
file_read(const char *path, void *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -errno : file_read_all(fd, buf, cap);

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
