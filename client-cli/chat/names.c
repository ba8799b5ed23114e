/*
 * names.c - the names that Tab completes.
 */
#include "client-cli/chat/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/out.h"
#include "protocol/limits.h"

void
names_fini(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	memset(names, 0, sizeof(*names));
}

/* The place of `word`, or where to insert it. */
static size_t
names_place(const struct names *names, const char *word)
{
	size_t low = 0, high = names->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(names->list[mid], word) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void
names_add(struct names *names, char sigil, const char *name)
{
	char word[NAME_BYTES_MAX + 2], **list, *copy;
	size_t at, size;

	if (name[0] == '\0' || strlen(name) > NAME_BYTES_MAX || !out_string_is_clean(name))
		return;
	snprintf(word, sizeof(word), "%c%s", sigil, name);
	at = names_place(names, word);
	if ((at < names->n && strcmp(names->list[at], word) == 0) || names->n >= NAMES_MAX)
		return;
	if (names->n == names->size) {
		size = names->size ? 2 * names->size : 32;
		if ((list = reallocarray(names->list, size, sizeof(*list))) == NULL)
			return;
		names->list = list;
		names->size = size;
	}
	if ((copy = strdup(word)) == NULL)
		return;
	memmove(&names->list[at + 1], &names->list[at], (names->n - at) * sizeof(*names->list));
	names->list[at] = copy;
	names->n++;
}

const char *
names_match(const struct names *names, const char *word, size_t index)
{
	size_t len = strlen(word), skip = word[0] != '@' && word[0] != '#';

	for (size_t i = 0; i < names->n; i++)
		if (strncasecmp(names->list[i] + skip, word, len) == 0 && index-- == 0)
			return names->list[i];
	return NULL;
}

const char *
names_find(const struct names *names, const char *word)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcasecmp(names->list[i], word) == 0)
			return names->list[i];
	return NULL;
}
