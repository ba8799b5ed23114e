/*
 * web_page.c - serves the files of the web page, and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "server/handout/page.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"

/* No inline script or style, nothing from other servers, no framing, and no parsing of text as
 * markup: the page makes elements and text nodes only (client-web/README.md). It connects
 * only to where it came from. */
#define POLICY									\
	"Content-Security-Policy: default-src 'none'; script-src 'self'; "	\
	"style-src 'self'; img-src 'self' data:; connect-src 'self'; "		\
	"manifest-src 'self'; form-action 'none'; base-uri 'none'; "		\
	"frame-ancestors 'none'; require-trusted-types-for 'script'; "		\
	"trusted-types 'none'\r\n"						\
	"Cross-Origin-Opener-Policy: same-origin\r\n"				\
	"Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"

/* Browsers revalidate each time, and get 304 while the file is the same. */
#define CACHING		"Cache-Control: no-cache\r\nVary: Accept-Encoding\r\n"

/* Its index in page_names; page_names_count: there is none. */
static unsigned
find_file(const char *path)
{
	unsigned i;

	path = strcmp(path, "/") == 0 ? "index.html" : path + 1;
	for (i = 0; i < page_names_count; i++)
		if (strcmp(page_names[i].path, path) == 0)
			break;
	return i;
}

static bool
form_ok(const struct page_form *f, uint32_t cap)
{
	return f->len > 0 && f->len <= cap && f->at <= cap - f->len;
}

void
web_page(struct conn *c, const struct http_request *r)
{
	const struct page *page = c->w->page;
	const struct page_place *place;
	const struct page_form *form;
	unsigned i = find_file(r->path);
	char extra[WEB_EXTRA_MAX + sizeof(POLICY)];
	bool packed;

	if (i == page_names_count) {
		web_refuse(c, 404, NULL, NULL);
		return;
	}
	place = page != NULL ? &page->places[i] : NULL;
	if (place == NULL || !form_ok(&place->plain, PAGE_BYTES_MAX)) {
		web_refuse(c, 404, "the page is not installed (web_dir)", NULL);
		return;
	}
	packed = form_ok(&place->packed, PAGE_PACKED_MAX) &&
	    http_accepts(r, "accept-encoding", "gzip");
	form = packed ? &place->packed : &place->plain;
	snprintf(extra, sizeof(extra), "ETag: %.*s\r\n%s" CACHING POLICY, (int)PAGE_ETAG_MAX,
	    form->etag, packed ? "Content-Encoding: gzip\r\n" : "");
	if (http_has_token(r, "if-none-match", form->etag))
		web_respond(c, 304, NULL, NULL, 0, extra);
	else
		web_respond(c, 200, page_names[i].type, (packed ? page->packed : page->bytes) +
		    form->at, form->len, extra);
}
