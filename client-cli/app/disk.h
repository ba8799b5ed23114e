/*
 * disk.h - where kith's files are, and files that are read and replaced whole.
 *
 * Shape   $XDG_CONFIG_HOME/kith, $XDG_DATA_HOME/kith, $XDG_STATE_HOME/kith,
 *         each with the default of the XDG Base Directory Specification.
 *         Folders are made as needed, 0700; files are 0600.
 * Crash   A file is the old or the new one, whole.
 *
 * All return 0 or a negative errno: what open(2), read(2) and write(2) say, and
 * those named below.
 */
#ifndef KITH_CLI_DISK_H
#define KITH_CLI_DISK_H

#include <limits.h>
#include <stddef.h>

enum disk_place { DISK_CONFIG, DISK_DATA, DISK_STATE };

/* "PLACE/kith/NAMESUFFIX". -ENAMETOOLONG, -ENXIO (no home folder). */
int	disk_path(enum disk_place place, char out[PATH_MAX], const char *name,
	    const char *suffix);

/* Makes the folder of the file `path`, and those above it. */
int	disk_make_folder(const char *path);

/* *out is NUL-terminated and yours: wipe a secret, then free(). -EFBIG. */
int	disk_read(const char *path, char **out, size_t *len);

/* The new content appears at once, or not at all. */
int	disk_replace(const char *path, const char *text, size_t len);

/* Locks the folder of `path`, for a change that depends on the old content: a
 * descriptor, close() unlocks; or a negative errno. */
int	disk_lock_folder(const char *path);

#endif
