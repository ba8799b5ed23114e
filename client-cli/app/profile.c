/*
 * profile.c - one account at one server: what kith keeps of it on disk.
 */
#include "client-cli/app/profile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-cli/app/disk.h"

int
profile_history_path(const char *profile, char out[PATH_MAX])
{
	int rc = disk_path(DISK_STATE, out, profile, "/history");

	return rc < 0 ? rc : disk_make_folder(out);
}

static int
target_path(const char *profile, char out[PATH_MAX])
{
	return disk_path(DISK_STATE, out, profile, "/target");
}

int
profile_load_target(const char *profile, char *out, size_t size)
{
	char path[PATH_MAX], *text;
	size_t len;
	int rc = target_path(profile, path);

	if (rc < 0 || (rc = disk_read(path, &text, &len)) < 0)
		return rc;
	text[strcspn(text, "\n")] = '\0';
	if (strlen(text) < size)
		snprintf(out, size, "%s", text);
	else
		rc = -EINVAL;
	free(text);
	return rc;
}

int
profile_save_target(const char *profile, const char *target)
{
	char path[PATH_MAX], line[NAME_BYTES_MAX + 3];
	int rc = target_path(profile, path), len;

	if (rc < 0)
		return rc;
	len = snprintf(line, sizeof(line), "%s\n", target);
	if (len < 0 || (size_t)len >= sizeof(line))
		return -EINVAL;
	return disk_replace(path, line, (size_t)len);
}

int
profile_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > PROFILE_NAME_MAX || name[0] == '.')
		return 0;
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr(".-_", *p) == NULL)
			return 0;
	return 1;
}

/* -- profiles ------------------------------------------------------------- */

static char *
trim_blanks(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static int
take_setting(struct profile *p, const char *key, const char *value)
{
	const char *why;

	if (strcmp(key, "server") == 0)
		return kith_url_parse(value, &p->url, &why);
	if (strcmp(key, "user") == 0 && strlen(value) < sizeof(p->user)) {
		strcpy(p->user, value);
		return 0;
	}
	return -EINVAL;
}

static int
parse_profile(struct profile *p, char *text)
{
	char *line, *value;

	while ((line = strsep(&text, "\n")) != NULL) {
		line = trim_blanks(line);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if ((value = strchr(line, '=')) == NULL)
			return -EINVAL;
		*value++ = '\0';
		if (take_setting(p, trim_blanks(line), trim_blanks(value)) < 0)
			return -EINVAL;
	}
	return p->url.host[0] != '\0' && p->user[0] != '\0' ? 0 : -EINVAL;
}

static int
load_token(struct profile *p)
{
	char path[PATH_MAX], *text = NULL;
	size_t len;
	int rc = disk_path(DISK_DATA, path, p->name, ".token");

	if (rc < 0 || (rc = disk_read(path, &text, &len)) < 0)
		return rc;
	snprintf(p->token, sizeof(p->token), "%s", trim_blanks(text));
	explicit_bzero(text, len);
	free(text);
	return p->token[0] != '\0' ? 0 : -ENOENT;
}

int
profile_load(const char *name, struct profile *p)
{
	char path[PATH_MAX], *text = NULL;
	size_t len;
	int rc = disk_path(DISK_CONFIG, path, name, ".conf");

	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (rc < 0 || (rc = disk_read(path, &text, &len)) < 0)
		return rc;
	rc = parse_profile(p, text);
	free(text);
	return rc < 0 ? rc : load_token(p);
}

int
profile_save(const struct profile *p)
{
	char path[PATH_MAX], text[1024], address[KITH_ADDRESS_MAX];
	int rc, len;

	kith_url_address(&p->url, address);
	/* The token first: a profile without a token counts as logged out. */
	if ((rc = disk_path(DISK_DATA, path, p->name, ".token")) < 0)
		return rc;
	len = snprintf(text, sizeof(text), "%s\n", p->token);
	rc = disk_replace(path, text, (size_t)len);
	explicit_bzero(text, sizeof(text));
	if (rc < 0 || (rc = disk_path(DISK_CONFIG, path, p->name, ".conf")) < 0)
		return rc;
	len = snprintf(text, sizeof(text), "server = %s%s\nuser = %s\n",
	    p->url.plain ? "kith+plain://" : "kith://", address, p->user);
	return disk_replace(path, text, (size_t)len);
}

/* The files of a profile's state; the folder stays if there are others in it. */
static int
remove_state(const char *name)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int rc = disk_path(DISK_STATE, folder, name, "");

	if (rc < 0)
		return rc;
	if ((dir = opendir(folder)) == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "counter-", 8) == 0 ||
		    strncmp(entry->d_name, "unsent-", 7) == 0 ||
		    strcmp(entry->d_name, "history") == 0 ||
		    strcmp(entry->d_name, "target") == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(folder);
	return 0;
}

int
profile_forget(const char *name)
{
	char path[PATH_MAX];
	int rc = disk_path(DISK_DATA, path, name, ".token");

	if (rc < 0)
		return rc;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	if ((rc = disk_path(DISK_CONFIG, path, name, ".conf")) < 0)
		return rc;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return remove_state(name);
}
