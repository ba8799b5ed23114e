/*
 * store_history.c - a page of one conversation's log.
 */
#include "server/store/store_history.h"

#include "server/store/store.h"
#include "server/store/store_conversation.h"
#include "server/store/store_page.h"
#include "server/store/store_reply.h"
#include "server/store/store_target.h"
#include "server/store/store_transact.h"

#define REPLY_BYTES	1024u		/* of a packed page besides its events: at most */

struct history {
	const struct ipc_head *head;
	const Kith__V1__History *asked;
	struct store_target target;
	enum kith_err	err;
	uint64_t	conversation, last_seq;
	struct store_page page;
};

_Static_assert(sizeof(struct history) <= STORE_PAGE_BYTES, "it lies in the page");

static void
reverse_page(struct store_page *p)
{
	for (unsigned i = 0; i < p->n / 2; i++) {
		Kith__V1__Event *e = p->list[i];

		p->list[i] = p->list[p->n - 1 - i];
		p->list[p->n - 1 - i] = e;
	}
}

/* From where the page goes on: what lies beyond the log counts as its end. */
static uint64_t
history_start(const Kith__V1__History *m, uint64_t last)
{
	if (m->after != 0)
		return m->after < last ? m->after : last;
	return m->before != 0 && m->before <= last ? m->before : last + 1;
}

static enum db_class
history_work(struct store *s, void *arg)
{
	struct history *x = arg;
	const Kith__V1__History *m = x->asked;
	uint64_t user = x->head->user[0], last;
	struct store_place place;
	struct store_seqs seqs;
	bool backward = m->after == 0;
	enum db_class c;
	unsigned n;

	store_page_start(&x->page, m->limit, REPLY_BYTES);
	x->last_seq = 0;
	c = store_target_find(s, user, &x->target, CONV_READ, &place, &x->err);
	if (c != DB_OK || x->err != KITH_E_OK)
		return c;
	x->conversation = place.conversation;
	if ((c = store_conversation_seqs(s, user, place.conversation - 1, &seqs, 1, &n)) != DB_OK)
		return c;
	if (n == 0 || seqs.conversation != place.conversation) {
		/* Invited only; or nothing was ever said to that user. */
		x->err = place.object.direct ? KITH_E_OK : KITH_E_NOT_MEMBER;
		return DB_OK;
	}
	x->last_seq = last = seqs.last_seq;
	return store_page_add(s, &x->page, user, place.conversation, last,
	    history_start(m, last), backward);
}

void
store_history(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct history *x = s->page;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__HistoryPage m = KITH__V1__HISTORY_PAGE__INIT;
	enum db_class c = DB_OK;

	x->head = h;
	x->asked = r->history;
	x->err = store_target_read(x->asked->target, &x->target);
	if (x->asked->after != 0 && x->asked->before != 0)
		x->err = KITH_E_BAD_REQUEST;
	if (x->err == KITH_E_OK)
		c = store_transact(s, history_work, x);
	if (c != DB_OK || x->err != KITH_E_OK) {
		store_reply_error(s, h, c != DB_OK ? store_err(c) : x->err);
		return;
	}
	if (x->asked->after == 0)
		reverse_page(&x->page);
	m.conversation = x->conversation;
	m.n_events = x->page.n;
	m.events = x->page.list;
	m.more = x->page.more;
	m.last_seq = x->last_seq;
	reply.body_case = KITH__V1__REPLY__BODY_HISTORY_PAGE;
	reply.history_page = &m;
	store_reply(s, h, &reply);
}
