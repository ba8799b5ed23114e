/*
 * commands.h - the table of kith's commands, in the order of `kith help`.
 */
#ifndef KITH_CLI_COMMANDS_H
#define KITH_CLI_COMMANDS_H

#include <stdio.h>

#include "client-cli/cmd/cmd.h"

/* By its name, or NULL. */
const struct command *commands_find(const char *name);

/* Row `i`, or NULL behind the last. */
const struct command *commands_at(size_t i);

/* "usage: kith NAME ARGUMENTS [--option]...", a line for each verb, at most 80
 * columns wide; and how to quote a group, where the command takes one. */
void	commands_print_usage(FILE *f, const struct command *c);

#endif
