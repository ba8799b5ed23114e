/*
 * line_paste.c - a paste that the terminal marks (bracketed paste).
 *
 * Readline's own command makes two line ends of CR LF, and always inserts.
 */
#include "client-cli/chat/line_paste.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

#include "client-cli/cmd/cmd_text.h"

#define PASTE_END	"\033[201~"

char *
line_paste_read(void)
{
	const char *end = PASTE_END;
	char *text = NULL;
	size_t len, seen = 0;
	FILE *file = open_memstream(&text, &len);
	int key;

	if (file == NULL)
		return NULL;
	while (end[seen] != '\0' && (key = rl_read_key()) >= 0) {
		if (key != 0)
			putc(key, file);
		/* Its first byte occurs in it only once. */
		seen = key == end[seen] ? seen + 1 : key == end[0];
	}
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	text[cmd_text_lf(text, len - (end[seen] == '\0' ? seen : 0))] = '\0';
	return text;
}

void
line_paste_insert(const char *text)
{
	const char *region = rl_variable_value("enable-active-region");

	rl_mark = rl_point;
	rl_insert_text(text);
	if (region != NULL && strcmp(region, "on") == 0)
		rl_activate_mark();
}
