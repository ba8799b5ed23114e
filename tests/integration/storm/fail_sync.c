/*
 * fail_sync.c - preloaded into kithd: fsync() and fdatasync() fail while a file says so.
 *
 * "/fail-sync" fails all of them, "/fail-sync-db" only those of kith.db itself, as in a
 * checkpoint. The root of the store's roles is the state directory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
is_database(int fd)
{
	char link[64], path[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, path, sizeof(path) - 1)) < 0)
		return 0;
	path[n] = '\0';
	return n >= 8 && strcmp(path + n - 8, "/kith.db") == 0;
}

static int
sync_or_fail(long call, int fd)
{
	if (access("/fail-sync", F_OK) == 0 ||
	    (access("/fail-sync-db", F_OK) == 0 && is_database(fd))) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(call, fd);
}

int
fsync(int fd)
{
	return sync_or_fail(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_or_fail(SYS_fdatasync, fd);
}
