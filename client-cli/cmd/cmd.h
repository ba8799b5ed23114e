/*
 * cmd.h - the subcommands of kith: a table of entries, one set of options.
 *
 * A command is a row: what it is called, which options it takes, how it is
 * used, what runs. main.c parses and checks; the rest is the command's file.
 */
#ifndef KITH_CLI_CMD_H
#define KITH_CLI_CMD_H

#include "client-cli/app/app.h"
#include "client-cli/app/secret.h"

struct options {
	const char	*profile;	/* never NULL after parsing */
	const char	*server;	/* NULL: the profile's */
	int		 json, plain;

	const char	*name, *topic;
	struct secret_source password, new_password;
	int64_t		 number, since, timeout;	/* -1: not given */
	int		 lines, quiet, no_mark, is_private;
	int		 help, version;
};

struct command {
	const char	*name;
	const char	*arguments;	/* "TARGET [TEXT|-]" */
	const char	*summary;	/* one line, small letter first, no full stop */
	const char	*options;	/* long names beside the common ones, blanks between */
	int		 min, max;	/* arguments; max -1: any number */
	const char	*more;		/* paragraphs for `kith help NAME` */
	int		(*run)(struct app *app);	/* the exit code */
};

extern const struct command cmd_join, cmd_login, cmd_logout, cmd_whoami, cmd_passwd,
    cmd_sessions, cmd_send, cmd_read, cmd_tail, cmd_ls, cmd_unread, cmd_who, cmd_group,
    cmd_hook, cmd_chat, cmd_help, cmd_version;

/* All, in the order of `kith help`; ends with NULL. In main.c. */
extern const struct command *const commands[];

/* NULL if there is none of this name. */
const struct command *command_find(const char *name);

#endif
