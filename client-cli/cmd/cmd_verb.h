/*
 * cmd_verb.h - commands of several verbs: group, hook, sessions.
 */
#ifndef KITH_CLI_CMD_VERB_H
#define KITH_CLI_CMD_VERB_H

#include "client-cli/cmd/cmd.h"

struct cmd_verb {
	const char	*name;
	const char	*arguments;	/* behind the verb */
	int		 min, max;	/* of these; or CMD_ANY_NUMBER */
	const char	*options;	/* long names, of this verb alone */
	const char	*summary;
	/* Reads the arguments: 0 or an exit code, and told. NULL: nothing to
	 * read. */
	int		(*read)(struct app *app);
	void		(*ready)(struct app *app);
};

/* Each ends with a row without a name. */
extern const struct cmd_verb cmd_group_verbs[], cmd_hook_verbs[],
	    cmd_account_session_verbs[];

/* Finds the verb argv[0], checks what follows it, logs in and runs it. Without
 * arguments: the first of the command's verbs. The exit code. */
int	cmd_verb_run(struct app *app);

#endif
