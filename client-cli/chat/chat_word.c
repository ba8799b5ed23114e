/*
 * chat_word.c - the arguments of the chat's commands.
 */
#include "client-cli/chat/chat_word.h"

#include <stdio.h>
#include <string.h>

#define BETWEEN		" \t\n,"

void
chat_word_usage(struct chat *c)
{
	pane_note(&c->pane, "usage: %s", c->usage);
}

char *
chat_word_cut(char **args)
{
	char *word = *args;

	*args += strcspn(*args, BETWEEN);
	if (**args != '\0')
		*(*args)++ = '\0';
	*args += strspn(*args, BETWEEN);
	return word;
}

const char *
chat_word_name(struct chat *c, const char *word, char sigil)
{
	const char *name = app_without_sigil(word, sigil);

	if (name[0] == '@' || name[0] == '#') {
		pane_note(&c->pane, "%s: not a %s", word, sigil == '#' ? "group" : "person");
		return NULL;
	}
	if (name[0] == '\0' || strlen(name) > NAME_BYTES_MAX) {
		pane_note(&c->pane, "%s: not a name", word);
		return NULL;
	}
	return name;
}

int
chat_word_target(struct chat *c, const char *word, char target[CHAT_WORD_MAX])
{
	char person[CHAT_WORD_MAX], group[CHAT_WORD_MAX];
	const char *found_person, *found_group;
	int sigil = word[0] == '@' || word[0] == '#';

	if (word[0] == '\0' || (sigil && word[1] == '\0') ||
	    strlen(word) > NAME_BYTES_MAX + (size_t)sigil) {
		pane_note(&c->pane, "%s: not a name", word);
		return -1;
	}
	if (sigil) {
		snprintf(target, CHAT_WORD_MAX, "%s", word);
		return 0;
	}
	snprintf(person, sizeof(person), "@%.*s", (int)NAME_BYTES_MAX, word);
	snprintf(group, sizeof(group), "#%.*s", (int)NAME_BYTES_MAX, word);
	found_person = names_find(&c->names, person);
	found_group = names_find(&c->names, group);
	if ((found_person == NULL) == (found_group == NULL)) {
		pane_note(&c->pane, "%s: say %s for the person, or %s for the group", word, person,
		    group);
		return -1;
	}
	snprintf(target, CHAT_WORD_MAX, "%s", found_person != NULL ? found_person : found_group);
	return 0;
}

const char *
chat_word_group(struct chat *c, const char *word)
{
	if (word[0] != '\0')
		return chat_word_name(c, word, '#');
	if (c->target[0] == '#')
		return c->target + 1;
	if (c->target[0] == '@')
		pane_note(&c->pane, "%s is a person: name a group", c->target);
	else
		pane_note(&c->pane, "no group: name one, or /query a group first");
	return NULL;
}
