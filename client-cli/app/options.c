/*
 * options.c - every option of every command.
 */
#include "client-cli/app/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/say.h"

enum type { TYPE_STRING, TYPE_NUMBER, TYPE_FLAG };

static const struct option_row {
	char		 letter;	/* or 0 */
	const char	*name;
	enum type	 type;
	size_t		 offset;	/* in struct options */
	const char	*argument;
	const char	*help;		/* NULL: not shown */
	int		 common;	/* every command takes it */
} option_rows[] = {
#define S(member)	TYPE_STRING, offsetof(struct options, member)
#define N(member)	TYPE_NUMBER, offsetof(struct options, member)
#define F(member)	TYPE_FLAG, offsetof(struct options, member)
	{ 'p', "profile", S(profile), "PROFILE",
	    "the account to use ($KITH_PROFILE, or default)", 1 },
	{ 's', "server", S(server), "SERVER",
	    "reach the profile's server at this address ($KITH_SERVER)", 1 },
	{ 0, "json", F(json), NULL, "print one JSON object a line", 1 },
	{ 0, "plain", F(plain), NULL, "print one record a line, fields separated by tabs", 1 },
	{ 'h', "help", F(help), NULL, "show what a command does", 1 },
	{ 'V', "version", F(version), NULL, NULL, 0 },
	{ 0, "name", S(name), "NAME", "your name on the server", 0 },
	{ 0, "password-file", S(password.file), "FILE",
	    "the password is the first line of FILE", 0 },
	{ 0, "password-fd", S(password.fd), "N", "... read from file descriptor N", 0 },
	{ 0, "password-command", S(password.command), "COMMAND", "... printed by COMMAND", 0 },
	{ 0, "new-password-file", S(new_password.file), "FILE",
	    "the same for the new password", 0 },
	{ 0, "new-password-fd", S(new_password.fd), "N", NULL, 0 },
	{ 0, "new-password-command", S(new_password.command), "COMMAND", NULL, 0 },
	{ 'n', "number", N(number), "N", "how many events to show", 0 },
	{ 0, "since", N(since), "SEQ", "show only events after number SEQ", 0 },
	{ 0, "timeout", N(timeout), "SECONDS", "give up after so many seconds", 0 },
	{ 'l', "lines", F(lines), NULL, "send each line of the input as a message", 0 },
	{ 'q', "quiet", F(quiet), NULL, "print nothing; the exit code is the answer", 0 },
	{ 0, "no-mark", F(no_mark), NULL, "do not mark what is shown as read", 0 },
	{ 0, "private", F(is_private), NULL, "only invited people may join; not listed", 0 },
	{ 0, "topic", S(topic), "TEXT", "what the group is about", 0 },
#undef S
#undef N
#undef F
};
#define N_ROWS	(sizeof(option_rows) / sizeof(option_rows[0]))

_Static_assert(N_ROWS <= 64, "options.given has a bit for each row");

/* Is `name` one of the words of `list`? */
static int
list_has_word(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)) != NULL; p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return 1;
	return 0;
}

static int
is_taken(const struct option_row *row, const char *list)
{
	return row->common || list_has_word(list, row->name);
}

const char *
options_name(size_t i)
{
	return i < N_ROWS ? option_rows[i].name : NULL;
}

const char *
options_refused(const struct options *o, const char *list)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if ((o->given & UINT64_C(1) << i) && !is_taken(&option_rows[i], list))
			return options_name(i);
	return NULL;
}

static void
print_option(const struct option_row *row)
{
	char letter[8] = "", text[64];

	if (row->help == NULL)
		return;
	if (row->letter != 0)
		snprintf(letter, sizeof(letter), "-%c,", row->letter);
	snprintf(text, sizeof(text), "%3s --%s %s", letter, row->name,
	    row->argument != NULL ? row->argument : "");
	printf("  %-32s %s\n", text, row->help);
}

void
options_print(const char *list)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (is_taken(&option_rows[i], list))
			print_option(&option_rows[i]);
}

/* -- parsing -------------------------------------------------------------- */

static int
set_option(struct options *o, const struct option_row *row, const char *value)
{
	char *place = (char *)o + row->offset, *end;
	int64_t number;

	switch (row->type) {
	case TYPE_STRING:
		*(const char **)(void *)place = value;
		return 0;
	case TYPE_FLAG:
		*(int *)(void *)place = 1;
		return 0;
	case TYPE_NUMBER:
		errno = 0;
		number = strtoll(value, &end, 10);
		if (errno != 0 || end == value || *end != '\0' || number < 0)
			return say_usage("--%s: %s is not a number", row->name, value);
		*(int64_t *)(void *)place = number;
		return 0;
	}
	return 0;
}

int
options_parse(struct options *o, int argc, char **argv)
{
	struct option longs[N_ROWS + 1];
	char shorts[2 * N_ROWS + 2] = ":", *p = shorts + 1;
	int c, rc;

	memset(longs, 0, sizeof(longs));
	for (size_t i = 0; i < N_ROWS; i++) {
		longs[i].name = option_rows[i].name;
		longs[i].has_arg = option_rows[i].type == TYPE_FLAG ? no_argument :
		    required_argument;
		longs[i].val = 256 + (int)i;
		if (option_rows[i].letter != 0)
			*p++ = option_rows[i].letter;
		if (option_rows[i].letter != 0 && option_rows[i].type != TYPE_FLAG)
			*p++ = ':';
	}
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		size_t i = 0;

		if (c == '?')
			return say_usage("%s: no such option (kith help COMMAND lists them)",
			    argv[optind - 1]);
		if (c == ':')
			return say_usage("%s: an argument is missing", argv[optind - 1]);
		while (i < N_ROWS && c != 256 + (int)i && c != option_rows[i].letter)
			i++;
		o->given |= UINT64_C(1) << i;
		if ((rc = set_option(o, &option_rows[i], optarg)) != 0)
			return rc;
	}
	return 0;
}
