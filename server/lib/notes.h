/*
 * notes.h - warnings that are collected and told later: by kithd -t, in the
 * log, in an answer of the control socket.
 *
 * Shape  At most NOTES_MAX, each of at most NOTES_TEXT_MAX bytes with its NUL:
 *        longer ones are cut, further ones are counted.
 */
#ifndef KITH_SERVER_NOTES_H
#define KITH_SERVER_NOTES_H

#define NOTES_MAX	16u
#define NOTES_TEXT_MAX	320u

struct notes {
	unsigned	n, lost;
	char		text[NOTES_MAX][NOTES_TEXT_MAX];
};

void	notes_add(struct notes *n, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
