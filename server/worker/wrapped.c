/* wrapped.c - one encoded Reply on its way out, as each door sends it. */
#include "server/worker/wrapped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.pb-c.h"
#include "protocol/json.h"
#include "server/worker/door.h"

int
wrapped_init(struct wrapped *r, struct unpackmem *mem)
{
	*r = (struct wrapped){ .mem = mem };
	return (r->json = malloc(JSON_BYTES_MAX + 1)) != NULL ? 0 : -ENOMEM;
}

void
wrapped_fini(struct wrapped *r)
{
	wrapped_wipe(r);
	for (unsigned i = 0; i < WRAPPED_DOORS_MAX; i++)
		free(r->forms[i].bytes);
	free(r->json);
	*r = (struct wrapped){ .mem = NULL };
}

void
wrapped_begin(struct wrapped *r, const uint8_t *reply, uint32_t len)
{
	r->reply = reply;
	r->len = len;
	r->has_json = false;
	r->nforms = 0;
}

static void
make_form(struct wrapped *r, struct wrapped_form *form, const struct door_ops *door)
{
	form->door = door;
	form->len = 0;
	if (form->bytes == NULL)
		form->bytes = malloc(WRAPPED_BYTES_MAX);
	if (form->bytes != NULL)
		form->len = door->wrap(r, form->bytes);
}

const uint8_t *
wrapped_for(struct wrapped *r, const struct door_ops *door, size_t *len)
{
	struct wrapped_form *form;
	unsigned i;

	for (i = 0; i < r->nforms && r->forms[i].door != door; i++)
		;
	*len = 0;
	if (i == WRAPPED_DOORS_MAX)
		return NULL;
	form = &r->forms[i];
	if (i == r->nforms) {
		make_form(r, form, door);
		r->nforms++;
	}
	*len = form->len;
	return form->len > 0 ? form->bytes : NULL;
}

const char *
wrapped_json(struct wrapped *r, size_t *len)
{
	if (!r->has_json)
		r->json_len = json_from_wire(&kith__v1__reply__descriptor, r->reply, r->len,
		    r->mem, r->json, JSON_BYTES_MAX + 1);
	r->has_json = true;
	*len = r->json_len;
	return r->json_len > 0 ? r->json : NULL;
}

void
wrapped_wipe(struct wrapped *r)
{
	for (unsigned i = 0; i < r->nforms; i++)
		if (r->forms[i].bytes != NULL)
			explicit_bzero(r->forms[i].bytes, r->forms[i].len);
	if (r->has_json)
		explicit_bzero(r->json, r->json_len);
	wrapped_begin(r, NULL, 0);
}
