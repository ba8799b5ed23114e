/*
 * kept.c - a text that outlives the program, for each program that runs.
 */
#include "client-cli/app/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-cli/app/disk.h"

static int
kept_path(char out[PATH_MAX], const char *profile, int n)
{
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "/unsent-%d", n);
	return disk_path(DISK_STATE, out, profile, suffix);
}

/* The file, locked; or a negative errno: -EWOULDBLOCK, another program has it. */
static int
open_kept(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600), rc = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0)
		rc = -errno;
	else if (st.st_nlink == 0)
		rc = -EWOULDBLOCK;	/* it was removed meanwhile */
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* Appends what is in the file, whole or not at all. */
static int
append_file(struct kept *k, int fd)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return 0;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > KEPT_BYTES_MAX - k->len)
		return -EFBIG;
	if ((text = realloc(k->text, k->len + (size_t)st.st_size + 1)) == NULL)
		return -ENOMEM;
	k->text = text;
	if (pread(fd, text + k->len, (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	k->len += (size_t)st.st_size;
	text[k->len] = '\0';
	return 0;
}

/* A disk that becomes full takes a part first, and says why at the next try. */
static int
write_file(int fd, const char *text, size_t len)
{
	ssize_t put;

	for (size_t at = 0; at < len; at += (size_t)put)
		if ((put = pwrite(fd, text + at, len - at, (off_t)at)) <= 0)
			return put < 0 ? -errno : -EIO;
	return ftruncate(fd, (off_t)len) < 0 || fdatasync(fd) < 0 ? -errno : 0;
}

/* Takes over what a program that has ended left in file n. */
static void
take_left(struct kept *k, const char *profile, int n)
{
	char path[PATH_MAX];
	int fd;

	if (kept_path(path, profile, n) < 0)
		return;
	if ((fd = open_kept(path, 0)) < 0) {
		k->others |= fd == -EWOULDBLOCK;
		return;
	}
	if (append_file(k, fd) == 0 && write_file(k->fd, k->text, k->len) == 0)
		unlink(path);
	close(fd);
}

void
kept_look(struct kept *k, const char *profile)
{
	k->others = 0;
	for (int n = 0; k->fd >= 0 && n < KEPT_FILES; n++)
		if (n != k->n)
			take_left(k, profile, n);
}

int
kept_open(struct kept *k, const char *profile)
{
	int rc = -EWOULDBLOCK;

	memset(k, 0, sizeof(*k));
	k->fd = -1;
	for (k->n = -1; k->n < KEPT_FILES - 1 && k->fd < 0 && rc == -EWOULDBLOCK;) {
		if ((rc = kept_path(k->path, profile, ++k->n)) < 0 ||
		    (rc = disk_make_folder(k->path)) < 0)
			return rc;
		rc = k->fd = open_kept(k->path, O_CREAT);
	}
	if (k->fd < 0) {
		k->fd = -1;
		return rc == -EWOULDBLOCK ? -EMFILE : rc;
	}
	if (append_file(k, k->fd) < 0)
		k->len = 0;
	kept_look(k, profile);
	return 0;
}

int
kept_write(struct kept *k, const char *text, size_t len)
{
	char *copy;
	int rc;

	if (k->fd < 0)
		return -EBADF;
	if (len == k->len && (len == 0 || memcmp(text, k->text, len) == 0))
		return 0;
	if (len > KEPT_BYTES_MAX)
		return -EFBIG;
	if ((copy = malloc(len + 1)) == NULL)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if ((rc = write_file(k->fd, text, len)) < 0) {
		/* Half of it is worse than the old one, which has room already. */
		(void)write_file(k->fd, k->text, k->len);
		free(copy);
		return rc;
	}
	free(k->text);
	k->text = copy;
	k->len = len;
	return 0;
}

void
kept_close(struct kept *k)
{
	if (k->fd < 0)
		return;
	if (k->len == 0)
		unlink(k->path);
	close(k->fd);
	k->fd = -1;
	free(k->text);
	k->text = NULL;
	k->len = 0;
}
