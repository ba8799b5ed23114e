/*
 * known_servers.c - the keys of the servers that this person knows, as ssh keeps
 * known_hosts.
 */
#include "client-cli/app/known_servers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-cli/app/disk.h"

int
known_servers_path(char out[PATH_MAX])
{
	return disk_path(DISK_DATA, out, "known_servers", "");
}

/* The key in the line "address key"; NULL: a line of another server. */
static const char *
key_in_line(const char *line, const char *address)
{
	size_t len = strlen(address);

	return strncmp(line, address, len) == 0 && line[len] == ' ' ? line + len + 1 : NULL;
}

int
known_servers_find(const char *address, char key[KNOWN_SERVERS_KEY_MAX],
    char next[KNOWN_SERVERS_KEY_MAX])
{
	char path[PATH_MAX], *text = NULL, *rest, *line;
	const char *found;
	size_t len;
	unsigned n = 0;
	int rc = known_servers_path(path);

	next[0] = '\0';
	if (rc < 0 || (rc = disk_read(path, &text, &len)) < 0)
		return rc;
	for (rest = text; n < 2 && (line = strsep(&rest, "\n")) != NULL;)
		if ((found = key_in_line(line, address)) != NULL)
			snprintf(n++ == 0 ? key : next, KNOWN_SERVERS_KEY_MAX, "%s", found);
	free(text);
	return n > 0 ? 0 : -ENOENT;
}

int
known_servers_set(const char *address, const char *key, const char *next)
{
	char path[PATH_MAX], *old = NULL, *rest, *line, *text = NULL;
	size_t len = 0;
	FILE *out = NULL;
	int rc = known_servers_path(path), lock = -1;

	if (rc < 0)
		return rc;
	if ((lock = disk_lock_folder(path)) < 0)
		return lock;
	rc = disk_read(path, &old, &len);
	/* -EINVAL: no regular file, such as a link to /dev/null; it is replaced. */
	if (rc < 0 && rc != -ENOENT && rc != -EINVAL)
		goto out;
	if ((out = open_memstream(&text, &len)) == NULL) {
		rc = -ENOMEM;
		goto out;
	}
	for (rest = old; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
		if (line[0] != '\0' && key_in_line(line, address) == NULL)
			fprintf(out, "%s\n", line);
	fprintf(out, "%s %s\n", address, key);
	if (next[0] != '\0')
		fprintf(out, "%s %s\n", address, next);
	rc = fclose(out) == 0 ? disk_replace(path, text, len) : -ENOMEM;
out:
	free(old);
	free(text);
	close(lock);
	return rc;
}
