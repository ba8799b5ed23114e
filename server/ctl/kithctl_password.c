/*
 * kithctl_password.c - reads a new password.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "protocol/base/file.h"
#include "protocol/limits.h"
#include "server/ctl/kithctl.h"

/* -- the terminal --------------------------------------------------------- */

/* For on_death(), which must give the terminal back as it was. */
static struct {
	int		fd;
	struct termios	shown;
} asked;

static void
on_death(int sig)
{
	tcsetattr(asked.fd, TCSAFLUSH, &asked.shown);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* While the terminal shows nothing, signals that end us must not leave it so. */
static void
guard_terminal(bool on)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		signal(ends[i], on ? on_death : SIG_DFL);
	signal(SIGTSTP, on ? SIG_IGN : SIG_DFL);
}

/* Reads from the terminal without echo. */
static int
ask_once(const char *prompt, char *buf, size_t cap)
{
	struct termios hidden;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	if (tcgetattr(fd, &asked.shown) < 0) {
		close(fd);
		return -1;
	}
	asked.fd = fd;
	guard_terminal(true);
	hidden = asked.shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &hidden);
	dprintf(fd, "%s", prompt);
	rc = file_read_line(fd, buf, cap) > 0 ? 0 : -1;
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &asked.shown);
	guard_terminal(false);
	close(fd);
	return rc;
}

static int
ask_twice(char *buf, size_t cap)
{
	char again[PASSWORD_BYTES_MAX + 2];
	int rc;

	if (ask_once("New password: ", buf, cap) < 0)
		return kithctl_fail(-1, "no password: type one at a terminal, or use "
		    "--password-file or --password-fd");
	rc = ask_once("Again: ", again, sizeof(again)) == 0 && strcmp(buf, again) == 0 ? 0 : -1;
	explicit_bzero(again, sizeof(again));
	return rc < 0 ? kithctl_fail(-1, "the two passwords differ; nothing was changed") : 0;
}

int
kithctl_password(const char *file, int fd, char *buf, size_t cap)
{
	ssize_t n;

	if (file == NULL && fd < 0)
		return ask_twice(buf, cap);
	if (file != NULL && (fd = open(file, O_RDONLY | O_CLOEXEC)) < 0) {
		fprintf(stderr, "kithctl: %s: %s\n", file, strerror(errno));
		return -1;
	}
	n = file_read_line(fd, buf, cap);
	if (file != NULL)
		close(fd);
	if (n < 0 && n != -EFBIG) {
		fprintf(stderr, "kithctl: the password cannot be read: %s\n", strerror((int)-n));
		return -1;
	}
	return n <= 0 ? kithctl_fail(-1, "the first line is empty or too long for a password") : 0;
}
