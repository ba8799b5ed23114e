/* wipebuf.c - a growing buffer that leaves no copy of its bytes behind. */
#include "protocol/base/wipebuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIPEBUF_MIN	256u		/* holds most requests without growing */

int
wipebuf_reserve(struct wipebuf *b, size_t more, size_t max)
{
	size_t size = b->size > 0 ? b->size : WIPEBUF_MIN, need = b->len + more;
	uint8_t *data;

	if (b->len > max || more > max - b->len)
		return -ENOBUFS;
	if (need <= b->size)
		return 0;
	while (size < need)
		size = size > max / 2 ? max : size * 2;
	if (size > max)
		size = max;
	if ((data = malloc(size)) == NULL)
		return -ENOMEM;
	if (b->len > 0) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->len);
	}
	free(b->data);
	b->data = data;
	b->size = size;
	return 0;
}

int
wipebuf_append(struct wipebuf *b, const void *bytes, size_t n, size_t max)
{
	int rc = wipebuf_reserve(b, n, max);

	if (rc < 0)
		return rc;
	if (n > 0)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	return 0;
}

void
wipebuf_consume(struct wipebuf *b, size_t n)
{
	size_t rest = b->len - n;

	if (n == 0)
		return;
	memmove(b->data, b->data + n, rest);
	explicit_bzero(b->data + rest, n);
	b->len = rest;
}

void
wipebuf_clear(struct wipebuf *b)
{
	if (b->len > 0)
		explicit_bzero(b->data, b->len);
	b->len = 0;
}

void
wipebuf_fini(struct wipebuf *b)
{
	wipebuf_clear(b);
	free(b->data);
	*b = (struct wipebuf){ 0 };
}
