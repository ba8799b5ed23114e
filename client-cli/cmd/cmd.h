/*
 * cmd.h - the commands of kith: what a row of the table says, and the functions
 * that run.
 *
 * commands.c has the table, main.c parses and checks, the rest is the command's
 * own file.
 */
#ifndef KITH_CLI_CMD_H
#define KITH_CLI_CMD_H

#include "client-cli/app/app.h"

#define CMD_ANY_NUMBER	(-1)	/* of arguments */
#define CMD_FREE_TEXT	(-2)	/* what follows the first `min` is text */

struct cmd_verb;

struct command {
	const char	*name;
	const char	*arguments;	/* "TARGET [TEXT|-]" */
	int		 min, max;	/* arguments; or one of above */
	/* Long names beside those that all take, blanks between. */
	const char	*options;
	int		(*run)(struct app *app); /* the exit code */
	/* One line, small letter first, no full stop. */
	const char	*summary;
	const char	*more;		/* for `kith help NAME`, or NULL */
	const struct cmd_verb *verbs;	/* or NULL */
};

/* For those who wonder where their argument is. */
#define CMD_QUOTE_HINT	\
	"the shell takes # for a comment: quote it, as in '#ops'"

/* cmd_enter.c */
int	cmd_enter_join(struct app *app);
int	cmd_enter_login(struct app *app);

/* cmd_account.c */
int	cmd_account_logout(struct app *app);
int	cmd_account_whoami(struct app *app);
int	cmd_account_passwd(struct app *app);

/* The device or hook in argv[1], and its end. 0: it is no number. */
uint64_t cmd_account_number(const struct app *app);
void	cmd_account_revoke(struct app *app);

/* cmd_list.c */
int	cmd_list_ls(struct app *app);
int	cmd_list_unread(struct app *app);
int	cmd_list_who(struct app *app);

/* Targets of one tail. */
#define CMD_TAIL_TARGETS_MAX	64

/* A file each. */
int	cmd_send(struct app *app);
int	cmd_read(struct app *app);
int	cmd_tail(struct app *app);
int	cmd_group(struct app *app);
int	cmd_hook(struct app *app);

#endif
