/*
 * line_keys.h - which of readline's keys do what: the keys that accept a line,
 * pastes, and the terminal's focus.
 */
#ifndef KITH_CLI_LINE_KEYS_H
#define KITH_CLI_LINE_KEYS_H

struct line_keys_hooks {
	/* A line is about to be accepted: takes the text out of readline's
	 * buffer. */
	void	(*accept)(int key);
	/* A marked paste begins. */
	void	(*paste)(void);
	void	(*focus)(int has);
};

/* After rl_initialize(), which reads ~/.inputrc. */
void	line_keys_bind(const struct line_keys_hooks *hooks);

#endif
