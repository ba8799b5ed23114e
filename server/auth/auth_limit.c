/*
 * auth_limit.c - a table of keys, each with the time at which its bucket is empty.
 */
#include "server/auth/auth_limit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "protocol/limits.h"
#include "server/lib/netname.h"

#define BUCKETS		1024u		/* a power of two */
#define PLACES		8u
#define SECRET_BYTES	16u

struct place {
	uint64_t	key;		/* 0: empty */
	uint64_t	until;		/* monotonic ms; empty then */
};

struct auth_limit {
	uint8_t		secret[SECRET_BYTES];
	struct place	places[BUCKETS][PLACES];
};

struct auth_limit *
auth_limit_create(void)
{
	struct auth_limit *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	if (getrandom(l->secret, sizeof(l->secret), 0) != (ssize_t)sizeof(l->secret)) {
		free(l);
		return NULL;
	}
	return l;
}

void
auth_limit_destroy(struct auth_limit *l)
{
	if (l != NULL)
		explicit_bzero(l->secret, sizeof(l->secret));
	free(l);
}

uint64_t
auth_limit_key(const struct auth_limit *l, const uint8_t address[16], const char *name)
{
	uint8_t text[SECRET_BYTES + 16 + 1 + NAME_BYTES_MAX] = { 0 }, digest[EVP_MAX_MD_SIZE];
	size_t len = SECRET_BYTES + 16;
	uint64_t key = 0;

	memcpy(text, l->secret, SECRET_BYTES);
	memcpy(text + SECRET_BYTES, address, 16);
	if (name != NULL) {
		text[len++] = '@';
		memcpy(text + len, name, strnlen(name, NAME_BYTES_MAX));
		len += strnlen(name, NAME_BYTES_MAX);
	}
	if (EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL) == 1)
		memcpy(&key, digest, sizeof(key));
	explicit_bzero(text, sizeof(text));
	return key | 1;
}

static struct place *
bucket_of(struct auth_limit *l, uint64_t key)
{
	return l->places[key >> 1 & (BUCKETS - 1)];
}

/* NULL: no failures of `key` are remembered. */
static struct place *
find_failures(struct auth_limit *l, uint64_t key, uint64_t now_ms)
{
	struct place *b = bucket_of(l, key);

	for (unsigned i = 0; i < PLACES; i++)
		if (b[i].key == key && b[i].until > now_ms)
			return &b[i];
	return NULL;
}

static struct place *
first_forgiven(struct auth_limit *l, uint64_t key)
{
	struct place *b = bucket_of(l, key), *first = b;

	for (unsigned i = 1; i < PLACES; i++)
		if (b[i].until < first->until)
			first = &b[i];
	return first;
}

bool
auth_limit_is_local(const uint8_t address[16])
{
	static const uint8_t none[16];

	return memcmp(address, none, sizeof(none)) == 0 || netname_is_loopback(address);
}

uint32_t
auth_limit_wait(struct auth_limit *l, uint64_t key, unsigned limit, uint64_t now_ms)
{
	const struct place *p = find_failures(l, key, now_ms);
	uint64_t full;

	if (p == NULL || limit == 0)
		return 0;
	full = now_ms + (limit - 1) * (AUTH_LIMIT_MS / limit);
	return p->until <= full ? 0 : (uint32_t)(p->until - full);
}

void
auth_limit_add(struct auth_limit *l, uint64_t key, unsigned limit, uint64_t now_ms)
{
	struct place *p = find_failures(l, key, now_ms);

	if (limit == 0)
		return;
	if (p == NULL) {
		p = first_forgiven(l, key);
		*p = (struct place){ key, now_ms };
	}
	p->until += AUTH_LIMIT_MS / limit;
}

void
auth_limit_forgive(struct auth_limit *l, uint64_t key, unsigned limit, uint64_t now_ms)
{
	struct place *p = find_failures(l, key, now_ms);
	uint64_t share;

	if (p == NULL || limit == 0)
		return;
	/* Not below now: a reload may have changed the limit since the failure. */
	share = AUTH_LIMIT_MS / limit;
	p->until = p->until - now_ms > share ? p->until - share : now_ms;
}
