/*
 * cmd_password.h - passwords for the commands: from an option's source, or from
 * the person at the terminal, who is told the rule first and may try again.
 */
#ifndef KITH_CLI_CMD_PASSWORD_H
#define KITH_CLI_CMD_PASSWORD_H

#include "client-cli/app/secret.h"

/* How often a person may try. */
#define CMD_PASSWORD_TRIES	3

/* Is a person asked, since no option says where the password is? */
int	cmd_password_is_asked(const struct secret_source *source);

/* 0, or an exit code, and told: nobody can be asked here. */
int	cmd_password_check_terminal(void);

/* An existing password; a person who types none is asked again. 0, or an exit
 * code, and told. Wipe `out`. */
int	cmd_password_get(const struct secret_source *source,
	    const char *prompt, char out[SECRET_MAX]);

/* A new one: a person types it twice, the second time after it has passed the
 * rule, and again if the two differ. */
int	cmd_password_get_new(const struct secret_source *source,
	    const char *prompt, char out[SECRET_MAX]);

#endif
