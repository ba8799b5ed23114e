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

static int
tell_no_terminal(void)
{
	return say_usage("no terminal to ask for the password: use --password-file, "
	    "--password-fd or --password-command");
}

int
cmd_password_check_terminal(void)
{
	return isatty(STDIN_FILENO) ? 0 : tell_no_terminal();
}

/* Where it comes from, as part of a sentence. */
static const char *
source_name(const struct secret_source *source)
{
	return source->file != NULL ? source->file :
	    source->fd != NULL ? "the password's descriptor" :
	    source->command != NULL ? "the password command" : "the password";
}

/* 0, or an exit code; told. */
static int
tell_secret_error(const struct secret_source *source, int rc)
{
	int file = source->file != NULL;

	switch (rc) {
	case 0:
		return 0;
	case -ENOTTY:
		return tell_no_terminal();
	case -EINTR:
		return KITH_EXIT_INTERRUPTED;
	case -EINVAL:
		return say_usage("two options say where the password is: give one");
	case -EDOM:
		return say_usage("%s: not the number of a descriptor", source->fd);
	case -ENODATA:
		return cmd_password_is_asked(source) ? say_usage("the password is empty") :
		    say_usage("%s: %s is empty", source_name(source),
		    file ? "its first line" : "what it gave");
	case -E2BIG:
		return say_usage("the password is too long: at most %u bytes", PASSWORD_BYTES_MAX);
	case -EPIPE:
		return say_usage("the password command failed");
	default:
		return say_usage("%s: %s", source_name(source), strerror(-rc));
	}
}

/* May a person try again? */
static int
is_mistyped(int rc)
{
	return rc == -ENODATA || rc == -E2BIG;
}

int
cmd_password_get(const struct secret_source *source, const char *prompt, char out[SECRET_MAX])
{
	int tries = cmd_password_is_asked(source) ? CMD_PASSWORD_TRIES : 1, rc, told;

	do {
		rc = secret_read(source, prompt, out);
		told = tell_secret_error(source, rc);
	} while (is_mistyped(rc) && --tries > 0);
	return told;
}

/* -- a new one ------------------------------------------------------------ */

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

/* The second time, after a good first one. 0, or an exit code, and told; KITH_EXIT_USAGE:
 * start again. */
static int
ask_again(const struct secret_source *source, const char *first)
{
	char second[SECRET_MAX] = "";
	int read = secret_read(source, "Again", second), rc = 0;

	if (read < 0 && !is_mistyped(read))
		rc = tell_secret_error(source, read);
	else if (strcmp(first, second) != 0)
		rc = say_usage("the two passwords differ: nothing was sent");
	explicit_bzero(second, sizeof(second));
	return rc;
}

static int
ask_new(const struct secret_source *source, const char *prompt, char out[SECRET_MAX])
{
	int tries = CMD_PASSWORD_TRIES, rc;

	say("a password has %u to %u bytes; nothing is shown as you type it", PASSWORD_BYTES_MIN,
	    PASSWORD_BYTES_MAX);
	do {
		rc = secret_read(source, prompt, out);
		if (rc < 0 && !is_mistyped(rc))
			return tell_secret_error(source, rc);
		if ((rc = tell_secret_error(source, rc)) == 0 && (rc = check_rule(out)) == 0)
			rc = ask_again(source, out);
	} while (rc == KITH_EXIT_USAGE && --tries > 0);
	return rc;
}

int
cmd_password_get_new(const struct secret_source *source, const char *prompt, char out[SECRET_MAX])
{
	int rc = cmd_password_is_asked(source) ? ask_new(source, prompt, out) :
	    cmd_password_get(source, prompt, out);

	if (rc != 0)
		explicit_bzero(out, SECRET_MAX);
	return rc;
}
