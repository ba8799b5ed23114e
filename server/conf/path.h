/*
 * path.h - do two paths name one file?
 */
#ifndef KITH_SERVER_PATH_H
#define KITH_SERVER_PATH_H

#include <limits.h>
#include <stdbool.h>

/* The directory of a file, in `copy`. */
const char	*path_directory(const char *file, char copy[PATH_MAX]);

/* Also if the file does not exist, and if one name leads through a link. "" is
 * no file. */
bool		 path_same_file(const char *a, const char *b);

#endif
