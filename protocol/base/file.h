/*
 * file.h - small files, read whole; first lines.
 */
#ifndef KITH_PROTOCOL_BASE_FILE_H
#define KITH_PROTOCOL_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Opens a regular file for reading: a pipe would make its reader wait. A
 * descriptor; -EINVAL: not a regular file; or -errno of open(). Never
 * blocks. */
int	file_open(const char *path);

/* Opens a regular file, or a device as /dev/null, to append to it. `mode`: 0,
 * or makes it so if there is none. Follows no link at its end. As
 * file_open(). */
int	file_append(const char *path, mode_t mode);

/* As strerror(), for what the functions here return. */
const char	*file_strerror(ssize_t rc);

/* Reads a regular file whole into `buf`, and a NUL after it. Returns its
 * length, at most cap - 1. -EFBIG: longer. -EINVAL: not a regular file. Or
 * -errno of open() and read(). On errors `buf` is wiped. Never blocks. */
ssize_t	file_read(const char *path, void *buf, size_t cap);

/* Reads up to a line end or the end of the input, and not a byte beyond: what
 * follows may be meant for others. Drops "\n" and "\r\n"; a NUL follows.
 * Returns the length, at most cap - 1. -EFBIG: longer. Or -errno of read(). On
 * errors `buf` is wiped. */
ssize_t	file_read_line(int fd, char *buf, size_t cap);

#endif
