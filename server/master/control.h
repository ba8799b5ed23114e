/*
 * control.h - the admin socket, in the master: one JSON object a line in, one
 * out.
 *
 * Shape  At most CONTROL_CLIENTS_MAX connections; more wait in the backlog. A
 *        line is at most CONTROL_LINE_MAX bytes. A connection has one request
 *        at a time, and is closed after CONTROL_IDLE_MS of silence. Nothing
 *        blocks.
 * Trust  STATE/control is 0600, and the peer's user must be root, ours or the
 *        service's. Lines may hold passwords: wiped once they are parsed.
 *
 * {"command": "status"} is answered with the command's object, or with
 * {"error": text, "exit": status of kithctl}. control_cmd.c has one row per
 * command.
 */
#ifndef KITH_SERVER_CONTROL_H
#define KITH_SERVER_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "server/master/state.h"

#define CONTROL_CLIENTS_MAX	8u
#define CONTROL_LINE_MAX	4096u
#define CONTROL_IDLE_MS		60000u
#define CONTROL_POLL_MAX	(1u + CONTROL_CLIENTS_MAX)

struct conf;
struct master;
struct pollfd;

/* Runs one request of `client`. The answer, yours, or NULL: control_answer()
 * follows. */
typedef json_t *control_command_fn(struct master *m, uint64_t client, uid_t uid,
	    const json_t *request);

struct control_client {
	int		 fd;		/* -1: free */
	/* Tells the users of this place apart */
	uint32_t	 serial;
	uid_t		 uid;
	bool		 waiting;	/* for its answer: nothing is read */
	uint64_t	 idle_ms;	/* idle since then */
	size_t		 in_len;
	char		*out;		/* NULL: nothing to write */
	size_t		 out_len, out_done;
	char		 in[CONTROL_LINE_MAX];
};

struct control {
	control_command_fn	*command;
	int			fd;	/* -1: not open */
	dev_t			dev;	/* of its file, */
	ino_t			ino;	/* which we made */
	uid_t			uid;	/* the service's */
	uint32_t		last_serial;
	struct control_client	clients[CONTROL_CLIENTS_MAX];
};

/* 0 or -1 with err. The state directory is locked, so a socket in it is
 * stale. */
int	control_open(struct control *c, const struct conf *conf,
	    const struct state_owner *owner, control_command_fn *command,
	    char *err, size_t errlen);

/* Makes the socket again if it was removed, or if one that nobody listens on is
 * in its place: nobody could reach ours. What is at its path now. */
enum state_path	control_keep(struct control *c, const struct conf *conf,
	    const struct state_owner *owner);

/* Stops listening and removes the socket, if the name is still that of ours.
 * Connections stay until the process
 * ends. Harmless if it was not opened. */
void	control_close(struct control *c, const struct conf *conf);

/* Fills in CONTROL_POLL_MAX entries for poll(), and returns their number. */
unsigned control_poll(const struct control *c, struct pollfd *fds);

/* Handles the events that poll() found in them. */
void	control_events(struct master *m, const struct pollfd *fds);

/* Answers the request of `client`, if it is still connected. Takes `answer`;
 * NULL (no memory) closes the connection. */
void	control_answer(struct master *m, uint64_t client, json_t *answer);

/* control_cmd.c: the commands. */
control_command_fn control_command;

/* {"error": text, "exit": exit}, yours. */
json_t	*control_error(int exit, const char *text);

#endif
