/*
 * line_history.c - the lines typed before, by GNU readline's history.
 */
#include "client-cli/chat/line_history.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>

#include "client-cli/app/disk.h"

#define HISTORY_LINES	1000

/* Global, because readline's is. */
static struct {
	char	path[PATH_MAX];		/* "": on no disk */
	int	added;
} typed;

void
line_history_open(const char *path)
{
	using_history();
	stifle_history(HISTORY_LINES);
	snprintf(typed.path, sizeof(typed.path), "%s", path != NULL ? path : "");
	typed.added = 0;
	if (typed.path[0] != '\0')
		read_history(typed.path);
}

void
line_history_add(const char *text)
{
	HIST_ENTRY *last = history_get(history_base + history_length - 1);

	if (last != NULL && strcmp(last->line, text) == 0) {
		using_history();
		return;
	}
	add_history(text);
	using_history();		/* Up begins at the newest again */
	if (typed.added < HISTORY_LINES)
		typed.added++;
}

/* A history that cannot be written is lost, and nothing else. */
static void
append_typed(void)
{
	int lock = disk_lock_folder(typed.path), fd;

	if (lock < 0)
		return;
	fd = open(typed.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0) {
		close(fd);
		append_history(typed.added, typed.path);
		history_truncate_file(typed.path, HISTORY_LINES);
	}
	close(lock);
}

void
line_history_close(void)
{
	if (typed.path[0] != '\0' && typed.added > 0)
		append_typed();
	typed.path[0] = '\0';
	typed.added = 0;
	clear_history();
}
