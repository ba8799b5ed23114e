/* door.c - which door a connection comes by, and what is the same at each. */
#include "server/worker/door.h"

#include <errno.h>
#include <string.h>

#include "protocol/limits.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

/* -- the worker's life ---------------------------------------------------- */

int
door_set_up_all(struct worker *w)
{
	int rc = 0, one;

	for (const struct door_ops *const *d = w->doors; *d != NULL; d++)
		if ((*d)->set_up != NULL && (one = (*d)->set_up(w)) < 0)
			rc = one;
	return rc;
}

void
door_tear_down_all(struct worker *w)
{
	for (const struct door_ops *const *d = w->doors; *d != NULL; d++)
		if ((*d)->tear_down != NULL)
			(*d)->tear_down(w);
}

/* -- coming in ------------------------------------------------------------ */

static bool
is_open(const struct worker *w, const struct door_ops *door)
{
	return door->is_open == NULL || door->is_open(w->p->conf);
}

static const struct door_ops *
door_by_byte(const struct worker *w, uint8_t first)
{
	for (const struct door_ops *const *d = w->doors; *d != NULL; d++)
		if ((*d)->recognise != NULL && (*d)->recognise(first) && is_open(w, *d))
			return *d;
	return NULL;
}

static const struct door_ops *
door_by_alpn(const struct worker *w, const char *alpn)
{
	for (const struct door_ops *const *d = w->doors; *d != NULL; d++)
		if ((*d)->alpn != NULL && strcmp((*d)->alpn, alpn) == 0 && is_open(w, *d))
			return *d;
	return NULL;
}

static void
end_door(struct conn *c)
{
	if (c->door != NULL && c->door->end != NULL)
		c->door->end(c->door_state);
	c->door_state = NULL;
}

int
door_enter(struct conn *c, const struct door_ops *door)
{
	void *state = NULL;
	int rc;

	if (door == NULL)
		return -ENOENT;
	if (door->begin != NULL && (rc = door->begin(c, &state)) < 0)
		return rc;
	if (!door->beats)
		conn_watch(c, CONN_WATCH_NONE);
	else if (c->door != NULL && !c->door->beats)
		conn_watch(c, CONN_WATCH_LOGIN);
	end_door(c);
	c->door = door;
	c->door_state = state;
	return 0;
}

int
door_enter_first(struct conn *c)
{
	return door_enter(c, c->w->doors[0]);
}

/* -- what the connection asks --------------------------------------------- */

/* Without ALPN the first byte tells. */
bool
door_agreed(struct conn *c, const char *alpn)
{
	return *alpn == '\0' || door_enter(c, door_by_alpn(c->w, alpn)) == 0;
}

void
door_refuse_plain(struct conn *c, uint8_t first)
{
	const struct door_ops *door = door_by_byte(c->w, first);

	if (door != NULL && door->refuse_plain != NULL)
		door->refuse_plain(c->fd);
}

void
door_input(struct conn *c, const uint8_t **at, size_t *len)
{
	if (c->door == NULL && *len == 0)
		return;
	if (c->door == NULL && door_enter(c, door_by_byte(c->w, **at)) < 0) {
		stats_add(c->w->p->stats, STAT_frames_bad, 1);
		conn_log_refused(c, "not a protocol of ours");
		conn_kill(c);
		return;
	}
	c->door->input(c, at, len);
}

void
door_freed(struct conn *c)
{
	end_door(c);
}

/* -- what the session asks ------------------------------------------------ */

void
door_logged_in(struct conn *c)
{
	if (c->door->beats)
		conn_watch(c, CONN_WATCH_INPUT);
	if (c->door->logged_in != NULL)
		c->door->logged_in(c);
}

void
door_resume(struct conn *c, unsigned why)
{
	bool rested = (c->paused & why) != 0;

	conn_resume(c, why);
	if (rested && c->paused == CONN_PAUSE_DOOR && c->state == CONN_OPEN &&
	    c->door->resumed != NULL)
		c->door->resumed(c);
}

/* Any Reply may have a token in it: what was made of it is wiped. */
int
door_send(struct conn *c, const uint8_t *reply, uint32_t len)
{
	struct wrapped *wrapped = &c->w->wrapped;
	const uint8_t *bytes;
	size_t n;

	if (len > FRAME_BYTES_MAX)
		return -EMSGSIZE;
	if (c->door->send != NULL)
		return c->door->send(c, reply, len);
	wrapped_begin(wrapped, reply, len);
	if ((bytes = wrapped_for(wrapped, c->door, &n)) != NULL)
		conn_queue(c, bytes, n);
	wrapped_wipe(wrapped);
	return bytes != NULL ? 0 : -EBADMSG;
}
