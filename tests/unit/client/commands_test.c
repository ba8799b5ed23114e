/*
 * commands_test.c - kith.1 describes every command and every option, and each
 * command names options that exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client-cli/app/options.h"
#include "client-cli/commands.h"

#define PAGE_BYTES_MAX	(256 * 1024)

static char page[PAGE_BYTES_MAX];

static int
read_page(void **state)
{
	const char *folder = getenv("srcdir");
	char path[4096];
	size_t len;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/client-cli/kith.1", folder != NULL ? folder : ".");
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	len = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	return len > 0 && len < sizeof(page) - 1 ? 0 : -1;
}

/* Is there a `macro` line or argument followed by this word and no more of a word? */
static int
page_has(const char *macro, const char *word)
{
	char text[128];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s %s", macro, word);

	for (const char *p = page; (p = strstr(p, text)) != NULL; p++)
		if (p[len] == ' ' || p[len] == '\n')
			return 1;
	return 0;
}

static int
is_option(const char *name, size_t len)
{
	const char *row;

	for (size_t i = 0; (row = options_name(i)) != NULL; i++)
		if (strlen(row) == len && strncmp(row, name, len) == 0)
			return 1;
	return 0;
}

static void
manual_describes_every_command(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = commands_at(i)) != NULL; i++)
		if (!page_has("Ic", c->name))
			fail_msg("kith.1 does not describe kith %s", c->name);
}

static void
manual_describes_every_option(void **state)
{
	const char *name;
	char flag[64];

	(void)state;
	for (size_t i = 0; (name = options_name(i)) != NULL; i++) {
		snprintf(flag, sizeof(flag), "-%s", name);
		if (!page_has("Fl", flag) && !page_has(",", flag))
			fail_msg("kith.1 does not describe --%s", name);
	}
}

/* Does the item of the command that begins at `item` name this option, or its letter? */
static int
item_has_option(const char *item, const char *name, size_t len)
{
	const char *end = strstr(item, "\n.It ");
	char words[3][64];

	snprintf(words[0], sizeof(words[0]), "Fl -%.*s", (int)len, name);
	snprintf(words[1], sizeof(words[1]), ", -%.*s", (int)len, name);
	snprintf(words[2], sizeof(words[2]), "Fl %c", name[0]);
	for (size_t i = 0; i < 3; i++) {
		const char *found = strstr(item, words[i]);
		char after = found != NULL ? found[strlen(words[i])] : 'x';

		if (found != NULL && (end == NULL || found < end) &&
		    (after == ' ' || after == '\n'))
			return 1;
	}
	return 0;
}

/* Passwords have a list of their own. */
static void
manual_names_the_options_of_each_command(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = commands_at(i)) != NULL; i++)
		for (const char *p = c->options; *p != '\0';) {
			size_t len = strcspn(p, " ");
			char begin[64];
			int found = strncmp(p, "password", 8) == 0 ||
			    strncmp(p, "new-", 4) == 0;

			snprintf(begin, sizeof(begin), "Ic %s", c->name);
			for (const char *item = page;
			    !found && (item = strstr(item, begin)) != NULL; item++)
				found = item_has_option(item, p, len);
			if (!found)
				fail_msg("kith.1 does not name --%.*s of kith %s", (int)len, p,
				    c->name);
			p += len + (p[len] == ' ');
		}
}

static void
commands_take_options_that_exist(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = commands_at(i)) != NULL; i++)
		for (const char *p = c->options; *p != '\0';) {
			size_t len = strcspn(p, " ");

			if (!is_option(p, len))
				fail_msg("kith %s takes --%.*s, which is no option", c->name,
				    (int)len, p);
			p += len + (p[len] == ' ');
		}
}

static void
names_find_their_command_alone(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = commands_at(i)) != NULL; i++)
		assert_ptr_equal(commands_find(c->name), c);
	assert_null(commands_find("sen"));
	assert_null(commands_find(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manual_describes_every_command),
		cmocka_unit_test(manual_describes_every_option),
		cmocka_unit_test(manual_names_the_options_of_each_command),
		cmocka_unit_test(commands_take_options_that_exist),
		cmocka_unit_test(names_find_their_command_alone),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
