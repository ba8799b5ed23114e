/*
 * page.c - reads the files of the web page, and compresses them. Master only.
 *
 * They are the same for everybody and hold no secret, so their size tells
 * nothing (BREACH); no other answer is compressed.
 */
#include "server/handout/page.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

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

#define GZIP_BITS	(MAX_WBITS + 16)	/* the format of gzip */
#define MEMORY_LEVEL	9

/* False: it would not be smaller, there is no room, or no memory. */
static bool
page_pack(uint8_t *bytes, uint32_t len, uint8_t *out, uint32_t cap, uint32_t *packed_len)
{
	z_stream z = { .next_in = bytes, .avail_in = len, .next_out = out,
	    .avail_out = len < cap ? len : cap };
	bool done;

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_BITS, MEMORY_LEVEL,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	done = deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < len;
	*packed_len = (uint32_t)z.total_out;
	deflateEnd(&z);
	return done;
}

static void
page_pack_all(struct page *p)
{
	uint32_t used = 0;

	for (unsigned i = 0; i < page_names_count; i++) {
		const struct page_form *plain = &p->places[i].plain;
		struct page_form *packed = &p->places[i].packed;

		packed->at = used;
		if (plain->len == 0 || !page_pack(p->bytes + plain->at, plain->len,
		    p->packed + used, PAGE_PACKED_MAX - used, &packed->len)) {
			packed->len = 0;
			continue;
		}
		make_etag(p->packed + used, packed->len, packed->etag);
		used += packed->len;
	}
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
		struct page_form *plain = &p->places[i].plain;

		snprintf(path, sizeof(path), "%s/%s", dir, page_names[i].path);
		len = file_read(path, p->bytes + used, sizeof(p->bytes) - used);
		if (len < 0) {
			if (rc == 0)
				snprintf(err, errlen, "%s: %s", path, strerror((int)-len));
			rc = -1;
			continue;
		}
		plain->at = used;
		plain->len = (uint32_t)len;
		make_etag(p->bytes + used, (size_t)len, plain->etag);
		used += (uint32_t)len;
	}
	page_pack_all(p);
	return rc;
}
