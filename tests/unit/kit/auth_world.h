/*
 * auth_world.h - the auth role between a worker, a master and a made-up store.
 */
#ifndef KITH_TESTS_AUTH_WORLD_H
#define KITH_TESTS_AUTH_WORLD_H

#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "server/auth/auth.h"
#include "server/conf/conf.h"
#include "tests/unit/kit/fake_shared.h"

#define WORLD_SLOTS	(ROLE_COUNT - 1 + FAKE_WORKERS)
#define WORLD_ROWS	8u
#define PASSWORD	"correct horse"

enum { ASK_COUNT = KITH__IPC__ASK__WHAT_CHECK_INVITE + 1 };

struct world_account {
	char		name[NAME_BYTES_MAX + 1];
	char		hash[PASSWORD_HASH_MAX];
	bool		admin, disabled;
};

struct world_token {
	uint8_t		hash[TOKEN_HASH_BYTES];
	uint64_t	user;
	char		device_name[DEVICE_NAME_BYTES_MAX + 1];
	uint64_t	hook;		/* a conversation; 0: of a device */
};

/* An account's id is its place + 1, a token's device its place + 100. */
struct world {
	struct shared		*shared;
	struct conf		 conf;
	struct proc		 procs[WORLD_SLOTS];
	struct auth		 auth;
	struct unpackmem	 store_mem, client_mem;
	struct proc		*p;		/* auth's */

	struct world_account	 accounts[WORLD_ROWS];
	struct world_token	 tokens[WORLD_ROWS];
	unsigned		 naccounts, ntokens;
	/* The only invite, good for one use. */
	uint8_t			 invite[TOKEN_HASH_BYTES];
	bool			 invite_good, invite_admin;
	bool			 mute;		/* the store does not answer */
	/* What the store answers instead of doing it. */
	enum kith_err		 fails[ASK_COUNT];
	unsigned		 asked[ASK_COUNT];
	/* Their numbers only. */
	Kith__Ipc__SetPassword	 last_set;
	Kith__Ipc__CreateInvite	 last_invite;
	uint64_t		 last_used_devices;
	struct ipc_head		 asker;		/* of the last question */
};

/* What the worker or the master got. */
struct got {
	struct ipc_head		 h;
	enum kith_err		 code;
	uint32_t		 retry_ms;
	uint64_t		 hook;		/* and its name: */
	char			 device_name[DEVICE_NAME_BYTES_MAX + 1];
	/* Valid until the next answer; NULL: none. */
	Kith__V1__LoggedIn	*in;
	Kith__Ipc__AdminAnswer	*admin;
};

/* With alice, who has PASSWORD, on a quiet machine. */
void		 world_init(struct world *w);
void		 world_fini(struct world *w);

/* Of the workers, the second one. */
struct proc	*world_proc(struct world *w, enum role r);

struct world_account *world_account(struct world *w, const char *name);

/* A request whose message is `body`. */
void		 world_send(struct world *w, const struct ipc_head *who,
		    Kith__V1__Request__BodyCase what, void *body);
void		 world_send_admin(struct world *w,
		    Kith__Ipc__Admin__WhatCase what, void *body);

/* All that can be done now. world_turn() is one turn of auth's loop, with the
 * store's answers. */
void		 world_run(struct world *w);
void		 world_turn(struct world *w);

/* The next answer to the worker or the master. False: none. */
bool		 world_take(struct world *w, enum role to, struct got *got);

uint64_t	 world_hashes(struct world *w);

#endif
