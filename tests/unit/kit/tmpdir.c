#include "tests/unit/kit/tmpdir.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRS_MAX 32u			/* at a time */

static char dirs[DIRS_MAX][PATH_MAX];	/* "": free */
static pid_t owner;			/* children leave the folders alone */

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path) < 0 ? -1 : 0;
}

static void
remove_all(void)
{
	if (getpid() != owner)
		return;
	for (unsigned i = 0; i < DIRS_MAX; i++)
		if (dirs[i][0] != '\0')
			nftw(dirs[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
tmpdir(void)
{
	const char *base = getenv("TMPDIR");
	char *dir = NULL;

	for (unsigned i = 0; dir == NULL && i < DIRS_MAX; i++)
		if (dirs[i][0] == '\0')
			dir = dirs[i];
	if (dir == NULL)
		abort();
	if (owner == 0) {
		owner = getpid();
		atexit(remove_all);
	}
	snprintf(dir, PATH_MAX, "%s/kith-test-XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(dir) == NULL) {
		perror(dir);
		exit(99);
	}
	return dir;
}

void
tmpdir_remove(const char *path)
{
	for (unsigned i = 0; i < DIRS_MAX; i++) {
		if (strcmp(dirs[i], path) != 0)
			continue;
		nftw(dirs[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
		dirs[i][0] = '\0';
		return;
	}
}
