/*
 * store.c - what kith keeps on disk: profiles, tokens, known servers, counters.
 */
#include "client-cli/app/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX	(1024 * 1024)

enum place { PLACE_CONFIG, PLACE_DATA, PLACE_STATE };

static const struct place_row {
	const char	*variable, *below_home;
} places[] = {
	[PLACE_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
	[PLACE_DATA] = { "XDG_DATA_HOME", ".local/share" },
	[PLACE_STATE] = { "XDG_STATE_HOME", ".local/state" },
};

/* -- paths --------------------------------------------------------------- */

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

/* kith's folder in one of the three places. Relative values count as unset
 * (XDG Base Directory Specification). */
static int
place_path(enum place place, char out[PATH_MAX])
{
	const char *base = getenv(places[place].variable), *home = getenv("HOME");

	if (base != NULL && base[0] == '/')
		return path_print(out, "%s/kith", base);
	if (home == NULL || home[0] != '/')
		return -ENOENT;
	return path_print(out, "%s/%s/kith", home, places[place].below_home);
}

static int
file_path(enum place place, char out[PATH_MAX], const char *name, const char *suffix)
{
	char folder[PATH_MAX];
	int rc = place_path(place, folder);

	return rc < 0 ? rc : path_print(out, "%s/%s%s", folder, name, suffix);
}

int
store_known_servers_path(char out[PATH_MAX])
{
	return file_path(PLACE_DATA, out, "known_servers", "");
}

int
store_history_path(const char *profile, char out[PATH_MAX])
{
	return file_path(PLACE_STATE, out, profile, "/history");
}

int
store_profile_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > PROFILE_NAME_MAX || name[0] == '.')
		return 0;
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr(".-_", *p) == NULL)
			return 0;
	return 1;
}

/* The folder of `path`, with all above it. */
static int
make_folder_of(const char *path)
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

/* -- whole files --------------------------------------------------------- */

/* Yours, NUL-terminated: wipe what is secret, and free(). */
static int
read_file(const char *path, char **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	struct stat st;
	char *text = NULL;
	size_t size;
	ssize_t got;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		rc = -errno;
		goto out;
	}
	if (st.st_size > FILE_BYTES_MAX) {
		rc = -EFBIG;
		goto out;
	}
	size = (size_t)st.st_size;
	if ((text = calloc(1, size + 1)) == NULL) {
		rc = -ENOMEM;
		goto out;
	}
	for (*len = 0; *len < size; *len += (size_t)got) {
		if ((got = read(fd, text + *len, size - *len)) <= 0)
			break;
	}
	*out = text;
	text = NULL;
out:
	free(text);
	close(fd);
	return rc;
}

static int
write_all(int fd, const char *text, size_t len)
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

/* The new content appears at once, or not at all. */
static int
replace_file(const char *path, const char *text, size_t len)
{
	char temp[PATH_MAX];
	int fd = -1, rc;

	if ((rc = make_folder_of(path)) < 0 || (rc = path_print(temp, "%s.XXXXXX", path)) < 0)
		return rc;
	if ((fd = mkostemp(temp, O_CLOEXEC)) < 0)	/* 0600 */
		return -errno;
	if ((rc = write_all(fd, text, len)) < 0)
		goto out;
	if (fsync(fd) < 0 || rename(temp, path) < 0)
		rc = -errno;
out:
	close(fd);
	if (rc < 0)
		unlink(temp);
	return rc;
}

/* Locks the folder of `path`; close() gives the lock back. */
static int
lock_folder_of(const char *path)
{
	char folder[PATH_MAX];
	int fd, rc = make_folder_of(path);

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

/* -- profiles ------------------------------------------------------------ */

static char *
trim(char *s)
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
		line = trim(line);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if ((value = strchr(line, '=')) == NULL)
			return -EINVAL;
		*value++ = '\0';
		if (take_setting(p, trim(line), trim(value)) < 0)
			return -EINVAL;
	}
	return p->url.host[0] != '\0' && p->user[0] != '\0' ? 0 : -EINVAL;
}

static int
load_token(struct profile *p)
{
	char path[PATH_MAX], *text = NULL;
	size_t len;
	int rc = file_path(PLACE_DATA, path, p->name, ".token");

	if (rc < 0 || (rc = read_file(path, &text, &len)) < 0)
		return rc;
	snprintf(p->token, sizeof(p->token), "%s", trim(text));
	explicit_bzero(text, len);
	free(text);
	return p->token[0] != '\0' ? 0 : -ENOENT;
}

int
store_load(const char *name, struct profile *p)
{
	char path[PATH_MAX], *text = NULL;
	size_t len;
	int rc = file_path(PLACE_CONFIG, path, name, ".conf");

	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (rc < 0 || (rc = read_file(path, &text, &len)) < 0)
		return rc;
	rc = parse_profile(p, text);
	free(text);
	return rc < 0 ? rc : load_token(p);
}

int
store_save(const struct profile *p)
{
	char path[PATH_MAX], text[1024], address[KITH_ADDRESS_MAX];
	int rc, len;

	kith_url_address(&p->url, address);
	/* The token first: a profile without one would look logged out. */
	if ((rc = file_path(PLACE_DATA, path, p->name, ".token")) < 0)
		return rc;
	len = snprintf(text, sizeof(text), "%s\n", p->token);
	rc = replace_file(path, text, (size_t)len);
	explicit_bzero(text, sizeof(text));
	if (rc < 0 || (rc = file_path(PLACE_CONFIG, path, p->name, ".conf")) < 0)
		return rc;
	len = snprintf(text, sizeof(text), "server = %s%s\nuser = %s\n",
	    p->url.plain ? "kith+plain://" : "kith://", address, p->user);
	return replace_file(path, text, (size_t)len);
}

/* The files of a profile's state; the folder stays if others lie in it. */
static int
remove_state(const char *name)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int rc = file_path(PLACE_STATE, folder, name, "");

	if (rc < 0)
		return rc;
	if ((dir = opendir(folder)) == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "counter-", 8) == 0 ||
		    strcmp(entry->d_name, "history") == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(folder);
	return 0;
}

int
store_forget(const char *name)
{
	char path[PATH_MAX];
	int rc = file_path(PLACE_DATA, path, name, ".token");

	if (rc < 0)
		return rc;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	if ((rc = file_path(PLACE_CONFIG, path, name, ".conf")) < 0)
		return rc;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return remove_state(name);
}

/* -- known servers ------------------------------------------------------- */

/* The key in "address key", or NULL if the line is another's. */
static const char *
key_in_line(const char *line, const char *address)
{
	size_t len = strlen(address);

	return strncmp(line, address, len) == 0 && line[len] == ' ' ? line + len + 1 : NULL;
}

int
store_find_key(const char *address, char key[64])
{
	char path[PATH_MAX], *text = NULL, *rest, *line;
	const char *found = NULL;
	size_t len;
	int rc = store_known_servers_path(path);

	if (rc < 0 || (rc = read_file(path, &text, &len)) < 0)
		return rc;
	for (rest = text; found == NULL && (line = strsep(&rest, "\n")) != NULL;)
		found = key_in_line(line, address);
	if (found != NULL)
		snprintf(key, 64, "%s", found);
	free(text);
	return found != NULL ? 0 : -ENOENT;
}

int
store_add_key(const char *address, const char *key)
{
	char path[PATH_MAX], *old = NULL, *rest, *line, *text = NULL;
	size_t len = 0;
	FILE *out = NULL;
	int rc = store_known_servers_path(path), lock = -1;

	if (rc < 0)
		return rc;
	if ((lock = lock_folder_of(path)) < 0)
		return lock;
	rc = read_file(path, &old, &len);
	if (rc < 0 && rc != -ENOENT)
		goto out;
	if ((out = open_memstream(&text, &len)) == NULL) {
		rc = -ENOMEM;
		goto out;
	}
	for (rest = old; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
		if (line[0] != '\0' && key_in_line(line, address) == NULL)
			fprintf(out, "%s\n", line);
	fprintf(out, "%s %s\n", address, key);
	rc = fclose(out) == 0 ? replace_file(path, text, len) : -ENOMEM;
out:
	free(old);
	free(text);
	close(lock);
	return rc;
}

/* -- client ids ---------------------------------------------------------- */

/* The counter in `fd`, or 0. Digits that a power cut tore are no harm: after it
 * every process logs in anew, and the server's floor is above all it stored. */
static uint64_t
read_counter(int fd)
{
	char text[24];
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t counter = 0;

	for (ssize_t i = 0; i < got && isdigit((unsigned char)text[i]); i++)
		counter = counter * 10 + (uint64_t)(text[i] - '0');
	return counter <= UINT32_MAX ? counter : 0;
}

/* In place, not by rename(): the lock is the file's own. */
static int
write_counter(int fd, uint64_t counter)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%010" PRIu64 "\n", counter);

	return pwrite(fd, text, (size_t)len, 0) == len ? 0 : -EIO;
}

static int
reserve(int fd, uint64_t floor, uint32_t n, uint64_t *first)
{
	uint64_t counter;

	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	counter = read_counter(fd);
	if (counter < floor)
		counter = floor;
	if (counter + n > UINT32_MAX)
		return -EOVERFLOW;
	*first = counter + 1;
	return write_counter(fd, counter + n);
}

int
store_reserve(const char *profile, uint64_t device, uint64_t floor, uint32_t n, uint64_t *first)
{
	char path[PATH_MAX], name[64];
	int fd, rc;

	snprintf(name, sizeof(name), "/counter-%" PRIu64, device);
	if ((rc = file_path(PLACE_STATE, path, profile, name)) < 0 ||
	    (rc = make_folder_of(path)) < 0)
		return rc;
	if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		return -errno;
	if (floor >> CLIENT_ID_DEVICE_SHIFT != device)
		floor = 0;
	rc = reserve(fd, floor & UINT32_MAX, n, first);
	close(fd);
	*first |= device << CLIENT_ID_DEVICE_SHIFT;
	return rc;
}
