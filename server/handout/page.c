/*
 * page.c - reads the files of the web page. Master only.
 */
#include "server/handout/page.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "protocol/base/file.h"

/* The first 64 bits of the SHA-256: it only has to change with the bytes. */
static void
make_etag(const uint8_t *bytes, size_t len, char etag[PAGE_ETAG_MAX])
{
	uint8_t hash[32] = { 0 };
	size_t at = 0;

	EVP_Digest(bytes, len, hash, NULL, EVP_sha256(), NULL);
	etag[at++] = '"';
	for (unsigned i = 0; i < 8; i++, at += 2)
		snprintf(etag + at, 3, "%02x", hash[i]);
	etag[at++] = '"';
	etag[at] = '\0';
}

int
page_load(struct page *p, const char *dir, char *err, size_t errlen)
{
	char path[4096 + 256];
	uint32_t used = 0;
	ssize_t len;
	int rc = 0;

	memset(p->places, 0, sizeof(p->places));
	for (unsigned i = 0; i < page_names_count; i++) {
		struct page_place *place = &p->places[i];

		snprintf(path, sizeof(path), "%s/%s", dir, page_names[i].path);
		len = file_read(path, p->bytes + used, sizeof(p->bytes) - used);
		if (len < 0) {
			if (rc == 0)
				snprintf(err, errlen, "%s: %s", path, strerror((int)-len));
			rc = -1;
			continue;
		}
		place->at = used;
		place->len = (uint32_t)len;
		make_etag(p->bytes + used, (size_t)len, place->etag);
		used += (uint32_t)len;
	}
	return rc;
}
