/*
 * page.h - the files of the web page: their list and their bytes.
 *
 * The list is compiled in, made from client-web/local.mk. Nothing else is ever
 * opened or served, no matter what a request says. The master reads the files
 * at its start and at each reload, compresses each once, and hands the bytes
 * out; a worker, which cannot open any file, copies them.
 */
#ifndef KITH_SERVER_PAGE_H
#define KITH_SERVER_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_FILES_MAX	64u
#define PAGE_BYTES_MAX	(256u * 1024u)	/* of all files */
#define PAGE_PACKED_MAX	(128u * 1024u)	/* of all, compressed */
#define PAGE_ETAG_MAX	24u		/* 16 characters in quotes, and NUL */

struct page_name {
	const char	*path;		/* below web_dir, and below '/' */
	const char	*type;		/* media type */
};

/* page_files.c, made by page_files.awk. */
extern const struct page_name page_names[];
extern const unsigned page_names_count;

/* The bytes of the handout. Row i belongs to page_names[i]. */
struct page {
	struct page_place {
		struct page_form {
			uint32_t	at, len;
			char		etag[PAGE_ETAG_MAX];
		} plain,		/* in `bytes`; len 0: missing */
		  packed;		/* by gzip, in `packed`; len 0: not
					 * smaller, or no room */
	} places[PAGE_FILES_MAX];
	uint8_t		bytes[PAGE_BYTES_MAX + 1];	/* and a NUL */
	uint8_t		packed[PAGE_PACKED_MAX];
};

/* Master. Reads all files below `dir`. 0, or -1: `err` names the first file
 * that cannot be read, and why; the others are read nevertheless. */
int	page_load(struct page *p, const char *dir, char *err, size_t errlen);

#endif
