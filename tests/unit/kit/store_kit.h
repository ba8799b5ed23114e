/*
 * store_kit.h - a whole store without processes: shared memory, inboxes, a
 * writer and a reader on a database of their own, and two workers and an auth
 * whose part the test plays.
 *
 * Users 1 to KIT_USERS are there: "u1", "u2" ...; each has the device of the
 * same number.
 */
#ifndef KITH_TESTS_STORE_KIT_H
#define KITH_TESTS_STORE_KIT_H

#include "server/conf/conf.h"
#include "server/store/store_int.h"

#define KIT_USERS	6u
#define KIT_WORKERS	2u

struct kit_kind {
	const char	*name, *database;
	bool		 plain;	/* MariaDB used as if it were plain MySQL */
};

struct kit {
	const struct kit_kind	*kind;
	struct conf		 conf;
	struct shared		 shared;
	struct proc		 writer_proc, reader_proc, auth,
	    worker[KIT_WORKERS];
	struct store		 w, r;
	uint64_t		 request;	/* the last request's id */
	uint64_t		 client_id;	/* of kit_send(), rising */
	/* handed out, freed at the end */
	Kith__V1__Reply		*replies[512];
	unsigned		 nreplies;
	struct ipc_head		 head;	/* of what kit_next() returned */
};

extern const struct kit_kind kit_kinds[];
extern const unsigned kit_nkinds;

struct kit	*kit_create(const struct kit_kind *kind);
void		 kit_destroy(struct kit *k);

/* As a test's setup and teardown: *state is the kind, then the kit. */
int		 kit_setup(void **state);
int		 kit_teardown(void **state);
#define KIT_TEST(f)							\
	cmocka_unit_test_prestate_setup_teardown(f, kit_setup,		\
	    kit_teardown, (void *)(uintptr_t)kind)

/* `user` is online at `worker`. */
void		 kit_online(struct kit *k, uint64_t user, unsigned worker);
void		 kit_follow(struct kit *k, uint64_t group, unsigned worker);

/* Puts a request of `user` into the writer's inbox, from worker 0. Returns its
 * id. */
uint64_t	 kit_request(struct kit *k, uint64_t user,
	    Kith__V1__Request *r);

/* As a killed and restarted writer: what was read and not released is read
 * again. */
void		 kit_restart_writer(struct kit *k);

/* One turn: reads all (or `most` records), stores, answers. kit_read_inbox()
 * does not release. */
void		 kit_read_inbox(struct kit *k);
void		 kit_turn(struct kit *k);
void		 kit_turn_of(struct kit *k, unsigned most);

/* The next record for a worker: its head in k->head, its Reply (NULL if it has
 * none) valid until the end. -1 when there is none. */
int		 kit_next(struct kit *k, unsigned worker, Kith__V1__Reply **r);

/* Request and turn; the reply to it. All else that worker 0 was told before it
 * is dropped. */
Kith__V1__Reply	*kit_ask(struct kit *k, uint64_t user, Kith__V1__Request *r);

/* The same by the reader. */
Kith__V1__Reply	*kit_query(struct kit *k, uint64_t user, Kith__V1__Request *r);

/* What worker 0 and 1 were told is dropped. */
void		 kit_drop_told(struct kit *k);

/* Requests. Strings are borrowed until the request is sent. "@name", "#name",
 * or "=id". */
void		 kit_target(Kith__V1__Target *t, const char *text);

/* Queues a message to targets separated by blanks; returns its (first) client
 * id. */
uint64_t	 kit_send(struct kit *k, uint64_t user, const char *targets,
	    const char *text);
void		 kit_send_as(struct kit *k, uint64_t user, const char *targets,
	    const char *text, uint64_t client_id);

/* kit_send(), a turn, and its one outcome: 0 and the seq, or the error's
 * code. */
enum kith_err	 kit_say(struct kit *k, uint64_t user, const char *target,
	    const char *text, uint64_t *seq);

/* Group requests; the error's code, or KITH_E_OK. */
enum kith_err	 kit_group(struct kit *k, uint64_t user, const char *name,
	    bool is_public, uint64_t *id);
enum kith_err	 kit_join(struct kit *k, uint64_t user, const char *target);
enum kith_err	 kit_leave(struct kit *k, uint64_t user, const char *target);
enum kith_err	 kit_invite(struct kit *k, uint64_t user, const char *target,
	    const char *name);
enum kith_err	 kit_mark(struct kit *k, uint64_t user, uint64_t conversation,
	    uint64_t seq);

/* "17:1m 18:2m": seq, sender and kind of each event, for one comparison. */
const char	*kit_events(Kith__V1__Event *const *events, size_t n);

enum kith_err	 kit_error(const Kith__V1__Reply *r);

/* The single number of a query. */
int64_t		 kit_number(struct kit *k, const char *sql);
void		 kit_do(struct kit *k, const char *sql);

uint64_t	 kit_stat(struct kit *k, enum stat_id id);

#endif
