/*
 * secret.c - where a password comes from.
 */
#include "client-cli/app/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "protocol/base/file.h"

static int
read_secret_line(int fd, char out[SECRET_MAX])
{
	ssize_t len = file_read_line(fd, out, SECRET_MAX);

	if (len < 0)
		return len == -EFBIG ? -E2BIG : (int)len;
	return len > 0 ? 0 : -ENODATA;
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
		return -EDOM;
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

/* -- the person at the terminal ------------------------------------------- */

/* While somebody types without echo, each of these must find the terminal as it was. Global:
 * a signal has no other place. */
static const int guarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU };
#define N_GUARDED	(sizeof(guarded) / sizeof(guarded[0]))

static volatile sig_atomic_t secret_signal;	/* that came, or 0 */

static void
note_secret_signal(int number)
{
	secret_signal = number;
}

struct guard {
	struct sigaction handlers[N_GUARDED];	/* as before */
	sigset_t	 mask;
};

/* From now on the signals only come while read_key() waits. */
static void
guard_signals(struct guard *g)
{
	struct sigaction note = { .sa_handler = note_secret_signal };
	sigset_t blocked;

	sigemptyset(&note.sa_mask);
	sigemptyset(&blocked);
	secret_signal = 0;
	for (size_t i = 0; i < N_GUARDED; i++) {
		sigaction(guarded[i], &note, &g->handlers[i]);
		sigaddset(&blocked, guarded[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &g->mask);
}

static void
unguard_signals(const struct guard *g)
{
	sigprocmask(SIG_SETMASK, &g->mask, NULL);
	for (size_t i = 0; i < N_GUARDED; i++)
		sigaction(guarded[i], &g->handlers[i], NULL);
}

static ssize_t
read_key(int tty, char *c, const sigset_t *mask)
{
	struct pollfd typed = { .fd = tty, .events = POLLIN };

	return ppoll(&typed, 1, NULL, mask) < 0 ? -1 : read(tty, c, 1);
}

static int
stops(int number)
{
	return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* Reads a line; the terminal edits it. What does not fit is read, and dropped. */
static int
read_typed(int tty, const sigset_t *mask, char out[SECRET_MAX])
{
	size_t len = 0;
	ssize_t got;
	char c;

	while ((got = read_key(tty, &c, mask)) == 1 && c != '\n') {
		if (len < SECRET_MAX)
			out[len] = c;
		len += len < SECRET_MAX;
	}
	out[len < SECRET_MAX ? len : 0] = '\0';
	if (secret_signal != 0 || (got < 0 && errno == EINTR) || (got == 0 && len == 0))
		return -EINTR;
	if (got < 0)
		return -errno;
	if (len == SECRET_MAX)
		return -E2BIG;
	return len > 0 ? 0 : -ENODATA;
}

/* Asks once, and gives the terminal back before a signal has its effect. -EAGAIN: it was
 * stopped, and goes on. */
static int
ask_guarded(int tty, const char *prompt, char out[SECRET_MAX])
{
	struct termios before, silent;
	struct guard guard;
	int rc, number;

	if (tcgetattr(tty, &before) < 0)
		return -ENOTTY;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	silent.c_lflag |= ICANON | ISIG;
	guard_signals(&guard);
	tcsetattr(tty, TCSAFLUSH, &silent);
	dprintf(tty, "%s: ", prompt);
	rc = read_typed(tty, &guard.mask, out);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	unguard_signals(&guard);
	number = secret_signal;
	if (number == 0)
		return rc;
	explicit_bzero(out, SECRET_MAX);
	if (number != SIGINT)
		raise(number);
	return stops(number) ? -EAGAIN : -EINTR;
}

static int
ask_person(int tty, const char *prompt, char out[SECRET_MAX])
{
	int rc;

	do {
		rc = ask_guarded(tty, prompt, out);
	} while (rc == -EAGAIN);
	return rc;
}

static int
from_person(const char *prompt, char out[SECRET_MAX])
{
	int tty, rc;

	if (!isatty(STDIN_FILENO) || (tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
		return -ENOTTY;
	rc = ask_person(tty, prompt, out);
	close(tty);
	return rc;
}

int
secret_read(const struct secret_source *source, const char *prompt, char out[SECRET_MAX])
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
		rc = from_person(prompt, out);
	if (rc < 0)
		explicit_bzero(out, SECRET_MAX);
	return rc;
}
