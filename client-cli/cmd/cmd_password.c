/*
 * cmd_password.c - passwords for the commands.
 */
#include "client-cli/cmd/cmd_password.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client-cli/app/say.h"
#include "client-cli/libkith/kith.h"
#include "protocol/limits.h"

int
cmd_password_is_asked(const struct secret_source *source)
{
	return source->file == NULL && source->fd == NULL && source->command == NULL;
}

int
cmd_password_check_terminal(void)
{
	return isatty(STDIN_FILENO) ? 0 :
	    say_usage("no terminal to ask for the password: use --password-file, "
	    "--password-fd or --password-command");
}

/* 0, or an exit code; told. */
static int
tell_secret_error(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case -ENOTTY:
		return say_usage("no terminal to ask for the password: use --password-file, "
		    "--password-fd or --password-command");
	case -EINTR:
		return KITH_EXIT_INTERRUPTED;
	case -ECANCELED:
		return say_usage("the two passwords differ: nothing was sent");
	case -EINVAL:
		return say_usage("the password is empty, or given by two options, "
		    "or its descriptor is not a number");
	case -E2BIG:
		return say_usage("the password is too long: at most %u bytes", PASSWORD_BYTES_MAX);
	case -EPIPE:
		return say_usage("the password command failed");
	default:
		return say_usage("password: %s", strerror(-rc));
	}
}

int
cmd_password_get(const struct secret_source *source, const char *prompt, char out[SECRET_MAX])
{
	return tell_secret_error(secret_read(source, prompt, NULL, out));
}

/* 0, or an exit code, and told: it breaks the rule. */
static int
check_rule(const char *password)
{
	size_t len = strlen(password);

	if (len < PASSWORD_BYTES_MIN)
		return say_usage("the password is too short: at least %u bytes",
		    PASSWORD_BYTES_MIN);
	if (len > PASSWORD_BYTES_MAX)
		return say_usage("the password is too long: at most %u bytes", PASSWORD_BYTES_MAX);
	return 0;
}

int
cmd_password_get_new(const struct secret_source *source, const char *prompt, char out[SECRET_MAX])
{
	int asked = cmd_password_is_asked(source), tries = asked ? CMD_PASSWORD_TRIES : 1;
	int rc = KITH_EXIT_USAGE, read;

	if (asked)
		say("a password has %u to %u bytes; nothing is shown as you type it",
		    PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX);
	while (tries-- > 0) {
		read = secret_read(source, prompt, "Again", out);
		rc = read < 0 ? tell_secret_error(read) : asked ? check_rule(out) : 0;
		if (rc != KITH_EXIT_USAGE || (read < 0 && read != -ECANCELED && read != -EINVAL &&
		    read != -E2BIG))
			break;
	}
	if (rc != 0)
		explicit_bzero(out, SECRET_MAX);
	return rc;
}
