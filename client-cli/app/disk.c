/*
 * disk.c - where kith's files are, and files that are read and replaced whole.
 */
#include "client-cli/app/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/file.h"

#define FILE_BYTES_MAX	(1024 * 1024)

static const struct place_row {
	const char	*variable, *below_home;
} places[] = {
	[DISK_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
	[DISK_DATA] = { "XDG_DATA_HOME", ".local/share" },
	[DISK_STATE] = { "XDG_STATE_HOME", ".local/state" },
};

/* -- paths ---------------------------------------------------------------- */

static int __attribute__((format(printf, 2, 3)))
path_print(char out[PATH_MAX], const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out, PATH_MAX, format, args);
	va_end(args);
	return n >= 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Without HOME that of the user database, as ssh does; NULL: none. */
static const char *
home_path(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home != NULL && home[0] != '\0')
		return home;
	user = getpwuid(getuid());
	return user != NULL ? user->pw_dir : NULL;
}

/* kith's folder in one of the three places. Relative values count as unset
 * (XDG Base Directory Specification). */
static int
place_path(enum disk_place place, char out[PATH_MAX])
{
	const char *base = getenv(places[place].variable), *home = home_path();

	if (base != NULL && base[0] == '/')
		return path_print(out, "%s/kith", base);
	if (home == NULL || home[0] != '/')
		return -ENXIO;
	return path_print(out, "%s/%s/kith", home, places[place].below_home);
}

int
disk_path(enum disk_place place, char out[PATH_MAX], const char *name, const char *suffix)
{
	char folder[PATH_MAX];
	int rc = place_path(place, folder);

	return rc < 0 ? rc : path_print(out, "%s/%s%s", folder, name, suffix);
}

int
disk_make_folder(const char *path)
{
	char folder[PATH_MAX];
	int rc = path_print(folder, "%s", path);

	for (char *p = folder + 1; rc == 0 && (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			rc = -errno;
		*p = '/';
	}
	return rc;
}

/* -- whole files ---------------------------------------------------------- */

int
disk_read(const char *path, char **out, size_t *len)
{
	char *text = malloc(FILE_BYTES_MAX + 1);
	ssize_t got;

	if (text == NULL)
		return -ENOMEM;
	if ((got = file_read(path, text, FILE_BYTES_MAX + 1)) < 0) {
		free(text);
		return (int)got;
	}
	*out = text;
	*len = (size_t)got;
	return 0;
}

static int
write_whole(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, text, len);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			text += put;
			len -= (size_t)put;
		}
	}
	return 0;
}

int
disk_replace(const char *path, const char *text, size_t len)
{
	char temp[PATH_MAX];
	int fd = -1, rc;

	if ((rc = disk_make_folder(path)) < 0 || (rc = path_print(temp, "%s.XXXXXX", path)) < 0)
		return rc;
	if ((fd = mkostemp(temp, O_CLOEXEC)) < 0)	/* 0600 */
		return -errno;
	if ((rc = write_whole(fd, text, len)) < 0)
		goto out;
	if (fsync(fd) < 0 || rename(temp, path) < 0)
		rc = -errno;
out:
	close(fd);
	if (rc < 0)
		unlink(temp);
	return rc;
}

int
disk_lock_folder(const char *path)
{
	char folder[PATH_MAX];
	int fd, rc = disk_make_folder(path);

	if (rc < 0 || (rc = path_print(folder, "%s", path)) < 0)
		return rc;
	*strrchr(folder, '/') = '\0';
	if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR) {
			rc = -errno;
			close(fd);
			return rc;
		}
	}
	return fd;
}
