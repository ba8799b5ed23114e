/*
 * store_incarnation.c - which history the database holds, and its mark.
 */
#include "server/store/store_incarnation.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/conf/served.h"
#include "server/lib/log.h"
#include "server/store/store_query.h"

#define MARK_FORM	"%020" PRIu64 " %020" PRIu64 "\n"
#define MARK_BYTES	42u

struct mark {
	uint64_t	incarnation, given;
};

/* -- the mark ------------------------------------------------------------- */

static bool
mark_open(struct store *s, int flags)
{
	struct store_incarnation *in = &s->writer->incarnation;
	char path[PATH_MAX];

	if (in->fd >= 0)
		return true;
	if (snprintf(path, sizeof(path), "%s/" HISTORY_FILE, s->p->conf->state_dir) >=
	    (int)sizeof(path))
		errno = ENAMETOOLONG;
	else
		in->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
	return in->fd >= 0;
}

/* False: there is none that could be read. */
static bool
mark_read(struct store *s, struct mark *m)
{
	char text[MARK_BYTES + 1] = "", again[MARK_BYTES + 1];

	if (!mark_open(s, 0) ||
	    pread(s->writer->incarnation.fd, text, MARK_BYTES, 0) != (ssize_t)MARK_BYTES ||
	    sscanf(text, "%20" SCNu64 " %20" SCNu64, &m->incarnation, &m->given) != 2)
		return false;
	snprintf(again, sizeof(again), MARK_FORM, m->incarnation, m->given);
	return strcmp(text, again) == 0;
}

/* In place and within a sector, so that the file has the old bytes or the new ones. */
static void
mark_write(struct store *s, const struct mark *m)
{
	struct store_incarnation *in = &s->writer->incarnation;
	char text[MARK_BYTES + 1];

	snprintf(text, sizeof(text), MARK_FORM, m->incarnation, m->given);
	if (!mark_open(s, O_CREAT) || pwrite(in->fd, text, MARK_BYTES, 0) != (ssize_t)MARK_BYTES) {
		if (!in->failed)
			log_error(0, "history.mark", "file=" HISTORY_FILE " reason=\"%s\"",
			    strerror(errno));
		in->failed = true;
		return;
	}
	if (!in->written)
		fdatasync(in->fd);	/* a new file, or a new incarnation */
	in->failed = false;
	in->written = true;
	in->marked = m->given;
}

/* -- the database --------------------------------------------------------- */

enum db_class
store_incarnation_get(struct store *s, uint64_t *incarnation)
{
	enum db_class c;

	*incarnation = 0;
	c = store_query_row(s, store_query(s, "SELECT incarnation FROM history WHERE id = 1", ""),
	    1, incarnation);
	return c == DB_DONE ? DB_OK : c;
}

/* How many numbers all conversations gave. */
static enum db_class
count_given(struct store *s, uint64_t *given)
{
	return store_query_row(s, store_query(s, "SELECT SUM(last_seq) FROM conversations", ""), 1,
	    given);
}

/* Clients that knew another one read on after the numbers that are there now. */
static enum db_class
put_new(struct store *s, uint64_t *incarnation)
{
	enum db_class c;

	if (getrandom(incarnation, sizeof(*incarnation), 0) != (ssize_t)sizeof(*incarnation))
		return DB_ERROR;
	*incarnation = (*incarnation & INT64_MAX) | 1;
	c = store_query_run(s, store_query(s, "UPDATE conversations SET restored_seq = last_seq",
	    ""));
	if (c != DB_OK ||
	    (c = store_query_run(s, store_query(s, "DELETE FROM history", ""))) != DB_OK)
		return c;
	return store_query_run(s, store_query(s,
	    "INSERT INTO history (id, incarnation) VALUES (1, ?)", "n", *incarnation));
}

/* NULL: it is the history that the server wrote last. */
static const char *
what_is_wrong(struct store *s, uint64_t incarnation, uint64_t given)
{
	struct mark m;

	if (!mark_read(s, &m))
		return given > 0 ? "it has events, but " HISTORY_FILE " does not tell of it" : NULL;
	if (m.incarnation != incarnation)
		return HISTORY_FILE " tells of another one";
	return given < m.given ? "it has fewer events than were stored" : NULL;
}

enum db_class
store_incarnation_check(struct store *s)
{
	struct store_incarnation *in = &s->writer->incarnation;
	const char *reason = NULL;
	enum db_class c;
	uint64_t was;

	if ((c = store_incarnation_get(s, &was)) != DB_OK ||
	    (c = count_given(s, &in->given)) != DB_OK)
		return c;
	in->taken = db_taken_seqs(s->db);
	in->id = was;
	if (was != 0 && (reason = what_is_wrong(s, was, in->given)) == NULL)
		return DB_OK;
	in->written = false;
	if ((c = put_new(s, &in->id)) != DB_OK)
		return c;
	if (reason == NULL)
		log_info(0, "history.new", "incarnation=%" PRIu64, in->id);
	else
		log_warn(0, "history.changed", "was=%" PRIu64 " incarnation=%" PRIu64
		    " reason=\"the database was restored or exchanged: %s\""
		    " effect=\"clients start over when they log in\"", was, in->id, reason);
	return c;
}

void
store_incarnation_note(struct store *s)
{
	struct store_incarnation *in = &s->writer->incarnation;
	struct mark m = { in->id, in->given + db_taken_seqs(s->db) - in->taken };

	if (in->id != 0 && (m.given > in->marked || !in->written))
		mark_write(s, &m);
}

void
store_incarnation_init(struct store *s)
{
	s->writer->incarnation.fd = -1;
}

void
store_incarnation_fini(struct store *s)
{
	int fd = s->writer->incarnation.fd;

	if (fd < 0)
		return;
	fdatasync(fd);
	close(fd);
}
