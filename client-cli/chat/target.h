/*
 * target.h - to whom the line goes: the target in the prompt, and its change.
 *
 * Shape  A target is checked before it is in force: its last messages are
 *        asked for, and shown. Until the answer is there, lines are held
 *        (outbox.h), and the prompt says to whom they will go. The target is
 *        kept on disk, and is the first one of the next chat.
 */
#ifndef KITH_CLI_TARGET_H
#define KITH_CLI_TARGET_H

struct chat;

/* The first target: `word`, or NULL: the last one used, else #lobby. To be
 * called again when the server can be asked. */
void	target_begin(struct chat *c, const char *word);
void	target_check_first(struct chat *c);

/* Talk to "@alice" or "#ops" from now on. */
void	target_choose(struct chat *c, const char *word);

/* A command was sent that makes `word` the target, "" none: to be followed by
 * target_choose(), target_none() or target_refused(). */
void	target_expect(struct chat *c, const char *word);
void	target_refused(struct chat *c, const char *why);
void	target_none(struct chat *c);

/* The word that a line entered now would go to. */
const char *target_word(const struct chat *c);

/* Makes the prompt say where the line goes, and whether there is a connection.
 * A line that was begun keeps its target. */
void	target_show(struct chat *c);

#endif
