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
	    "reach the server at this address ($KITH_SERVER)", 1 },
	{ 0, "json", F(json), NULL, "print one JSON object a line", 1 },
	{ 0, "plain", F(plain), NULL, "print one record a line, fields separated by tabs", 1 },
	{ 'h', "help", F(help), NULL, "show what a command does", 1 },
	{ 'V', "version", F(version), NULL, NULL, 0 },
	{ 0, "name", S(name), "NAME", "your name on the server", 0 },
	{ 0, "password-file", S(password.file), "FILE",
	    "the password is the first line of FILE", 0 },
	{ 0, "password-fd", S(password.fd), "N", "... of file descriptor N", 0 },
	{ 0, "password-command", S(password.command), "COMMAND",
	    "... of what COMMAND prints", 0 },
	{ 0, "new-password-file", S(new_password.file), "FILE",
	    "the new password is the first line of FILE", 0 },
	{ 0, "new-password-fd", S(new_password.fd), "N", "... of file descriptor N", 0 },
	{ 0, "new-password-command", S(new_password.command), "COMMAND",
	    "... of what COMMAND prints", 0 },
	{ 'n', "number", N(number), "N", "how many events to show", 0 },
	{ 0, "since", N(since), "SEQ", "show only events after number SEQ", 0 },
	{ 0, "timeout", N(timeout), "SECONDS", "give up after so many seconds", 0 },
	{ 'l', "lines", F(lines), NULL, "send each line of the input as a message", 0 },
	{ 0, "skip-empty", F(skip_empty), NULL, "nothing to send is no error", 0 },
	{ 0, "strip", F(strip), NULL, "leave out colours and other escape sequences", 0 },
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

#define HELP_COLUMN	28

static void
print_option(const struct option_row *row)
{
	char letter[8] = "", text[64];
	int width = HELP_COLUMN - 3;	/* two blanks before, one behind */

	if (row->help == NULL)
		return;
	if (row->letter != 0)
		snprintf(letter, sizeof(letter), "-%c,", row->letter);
	snprintf(text, sizeof(text), "%3s --%s %s", letter, row->name,
	    row->argument != NULL ? row->argument : "");
	if ((int)strlen(text) > width)
		printf("  %s\n%*s%s\n", text, HELP_COLUMN, "", row->help);
	else
		printf("  %-*s %s\n", width, text, row->help);
}

void
options_print(const char *list)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (is_taken(&option_rows[i], list))
			print_option(&option_rows[i]);
}

int
options_next_usage(const char *list, size_t *i, char *out, size_t size)
{
	for (; *i < N_ROWS; (*i)++) {
		const struct option_row *row = &option_rows[*i];

		if (row->common || !list_has_word(list, row->name))
			continue;
		if (row->letter != 0)
			snprintf(out, size, "[-%c%s%s]", row->letter,
			    row->argument != NULL ? " " : "",
			    row->argument != NULL ? row->argument : "");
		else
			snprintf(out, size, "[--%s%s%s]", row->name,
			    row->argument != NULL ? " " : "",
			    row->argument != NULL ? row->argument : "");
		(*i)++;
		return 1;
	}
	return 0;
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

/* What getopt_long(3) needs to know, made of the rows. */
struct getopt_table {
	struct option	longs[N_ROWS + 1];
	char		shorts[2 * N_ROWS + 3];
};

static void
fill_getopt_table(struct getopt_table *t)
{
	char *p = t->shorts;

	memset(t, 0, sizeof(*t));
	*p++ = '+';			/* stop at each word that is no option */
	*p++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		int flag = option_rows[i].type == TYPE_FLAG;

		t->longs[i].name = option_rows[i].name;
		t->longs[i].has_arg = flag ? no_argument : required_argument;
		t->longs[i].val = 256 + (int)i;
		if (option_rows[i].letter == 0)
			continue;
		*p++ = option_rows[i].letter;
		if (!flag)
			*p++ = ':';
	}
}

/* Takes one option, if the next word is one. 1, 0, or minus an exit code. */
static int
take_option(struct options *o, const struct getopt_table *t, int argc, char **argv)
{
	int c = getopt_long(argc, argv, t->shorts, t->longs, NULL);
	size_t i = 0;

	if (c == -1)
		return 0;
	if (c == '?' && optopt > 0 && optopt < 256)
		return -say_usage("-%c: no such option (kith help COMMAND lists them)", optopt);
	if (c == '?')
		return -say_usage("%s: no such option (kith help COMMAND lists them)",
		    argv[optind - 1]);
	if (c == ':')
		return -say_usage("%s: an argument is missing", argv[optind - 1]);
	while (i < N_ROWS && c != 256 + (int)i && c != option_rows[i].letter)
		i++;
	o->given |= UINT64_C(1) << i;
	c = set_option(o, &option_rows[i], optarg);
	return c == 0 ? 1 : -c;
}

/* Is `word` an option of the command, rather than the beginning of its text? */
static int
is_option_of(const char *word, const struct options_words *words)
{
	size_t len = strcspn(word, "=");

	if (word[0] != '-' || word[1] == '\0')
		return 0;
	if (strcmp(word, "--") == 0)
		return 1;
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &option_rows[i];

		if (!is_taken(row, words->taken))
			continue;
		if (word[1] == '-' ? strlen(row->name) == len - 2 &&
		    strncmp(row->name, word + 2, len - 2) == 0 : row->letter == word[1])
			return 1;
	}
	return 0;
}

int
options_parse(struct options *o, int *argc, char **argv,
    int (*find)(const char *command, struct options_words *words))
{
	struct options_words words = { .taken = "", .fixed = -1 };
	struct getopt_table table;
	int n = 0, took;

	fill_getopt_table(&table);
	while (optind < *argc) {
		int before = optind;

		if (words.fixed >= 0 && n > words.fixed && !is_option_of(argv[optind], &words))
			break;		/* the text */
		if ((took = take_option(o, &table, *argc, argv)) < 0)
			return -took;
		if (took)
			continue;
		if (optind > before)
			break;		/* "--" */
		argv[n++] = argv[optind++];
		if (n == 1 && !find(argv[0], &words))
			break;		/* the caller refuses the command */
	}
	while (optind < *argc)
		argv[n++] = argv[optind++];
	*argc = n;
	return 0;
}
