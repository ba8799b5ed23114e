/*
 * line_history.h - the lines typed before: what the Up key brings back.
 *
 * Lock   Several chats of one profile share the file. Each appends its own
 *        lines, under a lock of the folder, when it ends.
 */
#ifndef KITH_CLI_LINE_HISTORY_H
#define KITH_CLI_LINE_HISTORY_H

/* `path` may be NULL: nothing is kept on disk. */
void	line_history_open(const char *path);

void	line_history_add(const char *text);

/* Appends what was added, and forgets all. */
void	line_history_close(void);

#endif
