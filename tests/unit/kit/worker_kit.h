/*
 * worker_kit.h - a worker between clients, a store and an auth that a test
 * invents: real inboxes and sockets, no other process.
 */
#ifndef KITH_TESTS_WORKER_KIT_H
#define KITH_TESTS_WORKER_KIT_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/frame.h"
#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "server/conf/conf.h"
#include "server/proc/ipc.h"
#include "server/worker/worker.h"
#include "tests/unit/kit/fake_shared.h"

#define KIT_WORKER	FAKE_SLOT(ROLE_WORKER)
#define KIT_WRITER	FAKE_SLOT(ROLE_WRITER)
#define KIT_READER	FAKE_SLOT(ROLE_READER)
#define KIT_AUTH	FAKE_SLOT(ROLE_AUTH)
#define KIT_GROUP	UINT64_C(7)	/* one that sessions may follow */

struct kit {
	struct shared		*shared;
	void			*sessions, *groups;	/* of the registry */
	struct conf		 conf;
	struct proc		 p;		/* the worker's */
	struct proc_listening	 listening;
	struct worker		 w;
	struct unpackmem	 mem;		/* of the last thing that a
						 * function here returned */
	uint8_t			 record[RING_RECORD_MAX];
};

struct client {
	struct kit		*kit;
	struct conn		*conn;		/* the worker's side */
	int			 fd;
	struct frame_reader	 reader;
	uint8_t			 buf[65536];
	size_t			 at, len;	/* of `buf`, not read yet */
	bool			 ended;		/* by the worker */
	uint64_t		 user, device;
};

/* As a test's setup and teardown: *state is the kit. Generous limits, no rate,
 * heartbeats and logins that take an hour. */
int	kit_set_up(void **state);
int	kit_tear_down(void **state);
#define KIT_TEST(f)							\
	cmocka_unit_test_setup_teardown(f, kit_set_up, kit_tear_down)

/* The worker's counter. */
uint64_t kit_counter(const struct kit *k, enum stat_id id);

/* One turn of the worker's loop: events, inbox, turn. */
void	kit_turn(struct kit *k);

/* Moves the worker's clock, which otherwise stands still; then one turn. */
void	kit_later(struct kit *k, uint64_t ms);

/* The next record in the inbox of a slot, which is released. False: none. */
bool	kit_take(struct kit *k, unsigned slot, struct ipc_head *h,
	    const uint8_t **body, uint32_t *len);

/* The next Request there. */
bool	kit_take_request(struct kit *k, unsigned slot, struct ipc_head *h,
	    Kith__V1__Request **r);

/* Sends to the worker, as the process of a slot. */
void	kit_say(struct kit *k, unsigned slot, struct ipc_head *h,
	    const void *body, uint32_t len);
void	kit_say_msg(struct kit *k, unsigned slot, struct ipc_head *h,
	    const ProtobufCMessage *m);

/* Answers `asked` with Done. */
void	kit_say_done(struct kit *k, unsigned slot,
	    const struct ipc_head *asked);

/* An event with this seq, to users or followers. */
void	kit_say_event(struct kit *k, struct ipc_head *h, uint64_t seq,
	    size_t text_bytes);

/* Answers IPC_LOAD `h`; tells of a member; sends an event to a group's
 * followers. */
void	kit_say_loaded(struct kit *k, struct ipc_head h, bool valid,
	    uint64_t *groups, size_t n);
void	kit_say_member(struct kit *k, uint64_t user, uint64_t group,
	    bool joined);
void	kit_say_group_event(struct kit *k, uint64_t group, uint64_t seq);

/* In the registry: sessions of a user; does this worker follow the group? */
int	kit_online(struct kit *k, uint64_t user);
bool	kit_follows(struct kit *k, uint64_t group);

/* A client from this host, or from `address` (IPv4 in the last 4 bytes). */
void	client_open(struct client *c, struct kit *k);
bool	client_open_from(struct client *c, struct kit *k, uint32_t address);
void	client_close(struct client *c);

/* Writes bytes; a request; a message. */
void	client_write(struct client *c, const void *bytes, size_t len);
void	client_post(struct client *c, uint64_t id,
	    Kith__V1__Request__BodyCase what, void *body);
void	client_send(struct client *c, uint64_t id, uint64_t client_id,
	    const char *text);

/* The next Reply within some turns. NULL: none, or the end (c->ended). */
Kith__V1__Reply *client_reply(struct client *c);

/* The same; it is an error, or Closing, of this code. */
void	client_expect_error(struct client *c, uint64_t id, enum kith_err code);
void	client_expect_closing(struct client *c, enum kith_err code);

void	client_expect_event(struct client *c, uint64_t seq);
void	client_expect_body(struct client *c, uint64_t id,
	    Kith__V1__Reply__BodyCase what);

/* Greets; logs in as far as LOADING; logs in with these groups. */
void	client_hello(struct client *c);
void	client_login_half(struct client *c, uint64_t user, uint64_t device,
	    struct ipc_head *load);
void	client_login(struct client *c, uint64_t user, uint64_t device,
	    uint64_t *groups, size_t n);

#endif
