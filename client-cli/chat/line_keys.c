/*
 * line_keys.c - which of readline's keys do what.
 */
#include "client-cli/chat/line_keys.h"

#include <stddef.h>
#include <stdio.h>

#include <readline/readline.h>

static struct line_keys_hooks hooks;	/* global, because readline's keymaps are */

/* What readline's accept-line does, except that the text does not stay on the screen.
 * It ends in rl_newline(), which leaves the editor as it should be: in insert mode,
 * say. An empty line is accepted without a trace (rl_erase_empty_line). */
static int
accept_quietly(int count, int key)
{
	hooks.accept(key);
	return rl_newline(count, key);
}

static int
paste_marked(int count, int key)
{
	(void)count;
	(void)key;
	hooks.paste();
	return 0;
}

/* Of a paste that was ended before: no text. */
static int
paste_mark_alone(int count, int key)
{
	(void)count;
	(void)key;
	return 0;
}

static int
focus_in(int count, int key)
{
	(void)count;
	(void)key;
	hooks.focus(1);
	return 0;
}

static int
focus_out(int count, int key)
{
	(void)count;
	(void)key;
	hooks.focus(0);
	return 0;
}

/* Every key of a keymap, and of those below it, that accepts a line: also those of
 * ~/.inputrc. */
static void
replace_accepting(Keymap map)
{
	for (int i = 0; i < KEYMAP_SIZE; i++) {
		if (map[i].type == ISKMAP && map[i].function != NULL)
			replace_accepting((Keymap)map[i].function);
		else if (map[i].type == ISFUNC && map[i].function == rl_newline)
			map[i].function = accept_quietly;
	}
}

void
line_keys_bind(const struct line_keys_hooks *table)
{
	static const char *const keymaps[] = { "emacs-standard", "vi-insert", "vi-command" };
	Keymap map;

	hooks = *table;
	rl_erase_empty_line = 1;
	for (size_t i = 0; i < sizeof(keymaps) / sizeof(keymaps[0]); i++) {
		map = rl_get_keymap_by_name(keymaps[i]);
		replace_accepting(map);
		rl_bind_keyseq_in_map("\033[I", focus_in, map);
		rl_bind_keyseq_in_map("\033[O", focus_out, map);
		rl_bind_keyseq_in_map("\033[200~", paste_marked, map);
		rl_bind_keyseq_in_map("\033[201~", paste_mark_alone, map);
	}
}
