/*
 * commands.h - the table of kith's commands, in the order of `kith help`.
 */
#ifndef KITH_CLI_COMMANDS_H
#define KITH_CLI_COMMANDS_H

#include "client-cli/cmd/cmd.h"

/* By its name, or NULL. */
const struct command *commands_find(const char *name);

/* Row `i`, or NULL behind the last. */
const struct command *commands_at(size_t i);

/* `kith help NAME` of one. */
void	commands_print_help(const struct command *c);

#endif
