/*
 * password.c - crypt_r() with a work area of our own, and comparison in constant time.
 */
#include "server/auth/password.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <crypt.h>
#include <openssl/crypto.h>

#define METHOD	"$y$"			/* yescrypt */

_Static_assert(PASSWORD_HASH_MAX == CRYPT_OUTPUT_SIZE, "a hash fits as crypt_r() makes it");

struct password {
	struct crypt_data	data;
	char			nobody[CRYPT_GENSALT_OUTPUT_SIZE];	/* a setting, no hash */
	size_t			method_len;	/* of "$y$j9T$" in front of it */
};

/* Method and cost are everything before the salt, "$y$j9T$": up to the third '$'. */
static size_t
method_len(const char *setting)
{
	const char *p = setting + strlen(METHOD);

	return (size_t)(p + strcspn(p, "$") + 1 - setting);
}

struct password *
password_create(void)
{
	struct password *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	if (crypt_gensalt_rn(METHOD, PASSWORD_COST, NULL, 0, w->nobody,
	    sizeof(w->nobody)) == NULL) {
		free(w);
		return NULL;
	}
	w->method_len = method_len(w->nobody);
	return w;
}

void
password_destroy(struct password *w)
{
	if (w == NULL)
		return;
	explicit_bzero(w, sizeof(*w));
	free(w);
}

/* The hash of `phrase`, in w->data until that is wiped. NULL with errno. For an unknown setting
 * libxcrypt returns "*0", which must never match a stored "*0". */
static const char *
compute_hash(struct password *w, const char *phrase, const char *setting)
{
	const char *made;

	errno = EINVAL;
	made = crypt_r(phrase, setting, &w->data);
	return made == NULL || made[0] == '*' ? NULL : made;
}

static void
wipe_work_area(struct password *w)
{
	explicit_bzero(&w->data, sizeof(w->data));
}

int
password_make(struct password *w, const char *phrase, char hash[PASSWORD_HASH_MAX])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *made = NULL;
	int rc = 0;

	if (crypt_gensalt_rn(METHOD, PASSWORD_COST, NULL, 0, setting, sizeof(setting)) != NULL)
		made = compute_hash(w, phrase, setting);
	if (made == NULL)
		rc = -errno;
	else
		memcpy(hash, made, strlen(made) + 1);
	wipe_work_area(w);
	return rc;
}

int
password_verify(struct password *w, const char *phrase, const char *hash)
{
	const char *made = NULL;
	size_t len = strlen(hash);
	int rc = -EACCES;

	if (crypt_checksalt(hash) == CRYPT_SALT_INVALID)
		return password_verify_nobody(w, phrase);
	made = compute_hash(w, phrase, hash);
	if (made == NULL) {
		rc = -errno;
	} else if (strlen(made) == len && CRYPTO_memcmp(made, hash, len) == 0) {
		rc = 0;
	}
	wipe_work_area(w);
	return rc;
}

int
password_verify_nobody(struct password *w, const char *phrase)
{
	int rc = compute_hash(w, phrase, w->nobody) == NULL ? -errno : -EACCES;

	wipe_work_area(w);
	return rc;
}

bool
password_stale(const struct password *w, const char *hash)
{
	return strncmp(hash, w->nobody, w->method_len) != 0;
}
