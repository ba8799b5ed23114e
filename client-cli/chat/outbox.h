/*
 * outbox.h - what was typed and is not stored yet. Each text is on the screen,
 * from Enter until the log has it.
 *
 * Shape  held     waits for the answer to a command before it, or for the
 *                 first login; its target is fixed already
 *        sending  libkith has it, which sends it as soon as it can
 *        failed   the server refused it: /resend, /drop
 *        A text leaves when its event is shown.
 */
#ifndef KITH_CLI_OUTBOX_H
#define KITH_CLI_OUTBOX_H

#include <stddef.h>
#include <sys/queue.h>

#include "client-cli/libkith/kith.h"

struct chat;
struct outbox_item;

struct outbox {
	TAILQ_HEAD(outbox_items, outbox_item) items;
	unsigned	 failed;	/* the last number given */
	int		 releasing;	/* a held command runs */
	struct outbox_item *place;	/* what it makes comes before this;
					   NULL: at the end */
};

void	outbox_init(struct outbox *o);
void	outbox_fini(struct outbox *o);

/* A text for "@alice,#ops". Tells what is wrong with it. */
void	outbox_say(struct chat *c, const char *targets, const char *text);

/* A command that waits behind others. `sets`: the target that it makes, ""
 * none, NULL: it makes none. `uses`: it works on the target. */
void	outbox_hold_command(struct chat *c, const char *command,
	    const char *sets, int uses);

/* Must a line that comes now wait? */
int	outbox_must_hold(const struct chat *c);

/* Runs and sends what is held, up to the next command that must be waited
 * for. */
void	outbox_release(struct chat *c);

/* `word` did not become the target: what was typed for it is not sent. */
void	outbox_fail_held(struct chat *c, const char *word, const char *why);

/* The chat has ended for good: nothing that is held is sent any more. */
void	outbox_fail_all(struct chat *c, const char *why);

/* What the last held command makes of the target; NULL: none does. */
const char *outbox_target(const struct chat *c);

/* The log has this event: is it one of ours? */
void	outbox_stored(struct chat *c, const Kith__V1__Event *e);

/* Failed ones: number 0 is all. How many there were. `word`: the target of
 * those that had none. */
size_t	outbox_resend(struct chat *c, unsigned number, const char *word);
size_t	outbox_drop(struct chat *c, unsigned number);

/* Not stored, as far as we know, with the commands that wait: failed ones too,
 * or not. */
size_t	outbox_unsent(const struct chat *c, int failed);

/* Draws all of it above the line. */
void	outbox_show(struct chat *c);

/* At the end: tells on standard error what was not stored. */
void	outbox_tell_lost(const struct chat *c);

#endif
