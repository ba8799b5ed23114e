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
		cmocka_unit_test(commands_take_options_that_exist),
		cmocka_unit_test(names_find_their_command_alone),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
