/*
 * fail_sync.c - preloaded into kithd: fsync() and fdatasync() fail while a file says so.
 *
 * "/fail-sync" fails all of them, "/fail-sync-db" only those of kith.db itself, as in a
 * checkpoint. The root of the store's roles is the state directory.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
is_database(int fd)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && stat("/kith.db", &named) == 0 &&
	    opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
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
