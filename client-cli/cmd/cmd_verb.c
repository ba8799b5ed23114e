/*
 * cmd_verb.c - commands of several verbs.
 */
#include "client-cli/cmd/cmd_verb.h"

#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"

static int
refuse_verb(const struct command *c, const char *word)
{
	char names[256] = "";

	for (const struct cmd_verb *v = c->verbs; v->name != NULL; v++) {
		strncat(names, names[0] != '\0' ? ", " : "", sizeof(names) - strlen(names) - 1);
		strncat(names, v->name, sizeof(names) - strlen(names) - 1);
	}
	return say_usage("%s: %s: no such verb: %s", c->name, word, names);
}

/* 0 or an exit code. */
static int
check_verb(const struct app *app, const struct cmd_verb *v, int argc, char **argv)
{
	const char *command = app->command->name;
	const char *refused = options_refused(app->options, v->options);

	if (refused != NULL)
		return say_usage("%s %s: does not take --%s", command, v->name, refused);
	if (v->max >= 0 && argc > v->max)
		return say_usage("%s %s: %s: too many arguments", command, v->name, argv[v->max]);
	if (argc >= v->min)
		return 0;
	say("%s %s: an argument is missing: kith %s %s %s", command, v->name, command, v->name,
	    v->arguments);
	if (strchr(v->arguments, '#') != NULL || strstr(v->arguments, "TARGET") != NULL)
		say(CMD_QUOTE_HINT);
	return KITH_EXIT_USAGE;
}

int
cmd_verb_run(struct app *app)
{
	const struct cmd_verb *v = app->command->verbs;
	int rc, verbs = app->argc > 0;

	while (verbs && v->name != NULL && strcmp(v->name, app->argv[0]) != 0)
		v++;
	if (v->name == NULL)
		return refuse_verb(app->command, app->argv[0]);
	if ((rc = check_verb(app, v, app->argc - verbs, app->argv + verbs)) != 0 ||
	    (v->read != NULL && (rc = v->read(app)) != 0))
		return rc;
	return app_simple(app, v->ready);
}
