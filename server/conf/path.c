/*
 * path.c - do two paths name one file?
 */
#include "server/conf/path.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *
path_directory(const char *file, char copy[PATH_MAX])
{
	snprintf(copy, PATH_MAX, "%s", file);
	return dirname(copy);
}

/* The next part of a path, without "." and empty ones; its length, 0 at the end. */
static size_t
next_part(const char **path)
{
	size_t len;

	do {
		*path += strspn(*path, "/");
		len = strcspn(*path, "/");
		if (len != 1 || **path != '.')
			return len;
		*path += len;
	} while (true);
}

static bool
spelled_alike(const char *a, const char *b)
{
	size_t len;

	do {
		len = next_part(&a);
		if (next_part(&b) != len || strncmp(a, b, len) != 0)
			return false;
		a += len;
		b += len;
	} while (len > 0);
	return true;
}

static bool
leads_to_same(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_ino == sb.st_ino &&
	    sa.st_dev == sb.st_dev;
}

bool
path_same_file(const char *a, const char *b)
{
	const char *base_a = strrchr(a, '/'), *base_b = strrchr(b, '/');
	char copy_a[PATH_MAX], copy_b[PATH_MAX];

	if (*a == '\0' || *b == '\0')
		return false;
	return spelled_alike(a, b) || leads_to_same(a, b) ||
	    (base_a != NULL && base_b != NULL && strcmp(base_a, base_b) == 0 &&
	    leads_to_same(path_directory(a, copy_a), path_directory(b, copy_b)));
}
