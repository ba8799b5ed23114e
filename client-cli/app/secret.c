/*
 * secret.c - where a password comes from.
 */
#include "client-cli/app/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "protocol/base/file.h"

#define CTRL_C	3
#define CTRL_D	4

static int
read_secret_line(int fd, char out[SECRET_MAX])
{
	ssize_t len = file_read_line(fd, out, SECRET_MAX);

	if (len < 0)
		return len == -EFBIG ? -E2BIG : (int)len;
	return len > 0 ? 0 : -EINVAL;
}

static int
from_file(const char *path, char out[SECRET_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = read_secret_line(fd, out);
	close(fd);
	return rc;
}

static int
from_fd(const char *number, char out[SECRET_MAX])
{
	char *end;
	long fd = strtol(number, &end, 10);

	if (*number == '\0' || *end != '\0' || fd < 0 || fd > 65535)
		return -EINVAL;
	return read_secret_line((int)fd, out);
}

static int
from_command(const char *command, char out[SECRET_MAX])
{
	FILE *pipe = popen(command, "re");
	int rc, status;

	if (pipe == NULL)
		return -errno;
	setvbuf(pipe, NULL, _IONBF, 0);
	rc = read_secret_line(fileno(pipe), out);
	status = pclose(pipe);
	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -EPIPE;
	return rc;
}

/* The length without the last character, which may be several bytes. */
static size_t
rub_out(const char *text, size_t len)
{
	while (len > 0 && ((unsigned char)text[--len] & 0xc0) == 0x80)
		continue;
	return len;
}

/* Reads keys without echo. Signals are off and Ctrl-C is a key, so that the echo
 * is always restored. */
static int
read_typed(int tty, char out[SECRET_MAX])
{
	size_t len = 0;
	char c;

	while (read(tty, &c, 1) == 1 && c != '\n' && c != '\r') {
		if (c == CTRL_C || (c == CTRL_D && len == 0))
			return -EINTR;
		if (c == '\b' || c == 0x7f)
			len = rub_out(out, len);
		else if (c == 'U' - 64)
			len = 0;
		else if (len < SECRET_MAX - 1)
			out[len++] = c;
		else
			return -E2BIG;
	}
	out[len] = '\0';
	return len > 0 ? 0 : -EINVAL;
}

static int
ask_person(int tty, const char *prompt, char out[SECRET_MAX])
{
	struct termios before, silent;
	int rc;

	if (tcgetattr(tty, &before) < 0)
		return -ENOTTY;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
	silent.c_cc[VMIN] = 1;
	silent.c_cc[VTIME] = 0;
	tcsetattr(tty, TCSAFLUSH, &silent);
	dprintf(tty, "%s: ", prompt);
	rc = read_typed(tty, out);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	return rc;
}

static int
from_person(const char *prompt, const char *again, char out[SECRET_MAX])
{
	char second[SECRET_MAX] = "";
	int tty, rc;

	if (!isatty(STDIN_FILENO) || (tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
		return -ENOTTY;
	rc = ask_person(tty, prompt, out);
	if (rc == 0 && again != NULL && (rc = ask_person(tty, again, second)) == 0 &&
	    strcmp(out, second) != 0)
		rc = -ECANCELED;
	explicit_bzero(second, sizeof(second));
	close(tty);
	return rc;
}

int
secret_read(const struct secret_source *source, const char *prompt, const char *again,
    char out[SECRET_MAX])
{
	int sources = (source->file != NULL) + (source->fd != NULL) + (source->command != NULL), rc;

	if (sources > 1)
		return -EINVAL;
	if (source->file != NULL)
		rc = from_file(source->file, out);
	else if (source->fd != NULL)
		rc = from_fd(source->fd, out);
	else if (source->command != NULL)
		rc = from_command(source->command, out);
	else
		rc = from_person(prompt, again, out);
	if (rc < 0)
		explicit_bzero(out, SECRET_MAX);
	return rc;
}
