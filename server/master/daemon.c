/*
 * daemon.c - goes into the background.
 *
 * Call this before anything else is made: the daemon is a new process, which would not
 * inherit all of it.
 */
#include "server/master/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/lib/log.h"

#define WAIT_MS	60000		/* for the start; a large schema change takes longer */

/* Copies what the daemon says until a NUL; the byte after it is the exit status. */
_Noreturn static void
wait_for_daemon(int fd)
{
	static const char patience[] =
	    "kithd: it starts in the background, and takes long; see the log\n";
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[512], *end = NULL;
	ssize_t n = 0;
	size_t len;

	while (end == NULL) {
		if (poll(&p, 1, WAIT_MS) == 0) {
			n = write(STDERR_FILENO, patience, sizeof(patience) - 1);
			_exit(0);	/* it stays */
		}
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);	/* it died without a word */
		end = memchr(buf, '\0', (size_t)n);
		len = end != NULL ? (size_t)(end - buf) : (size_t)n;
		if (len > 0 && write(STDERR_FILENO, buf, len) < 0)
			_exit(1);
	}
	if (end + 1 < buf + n)
		_exit(end[1]);
	_exit(read(fd, buf, 1) == 1 ? buf[0] : 1);
}

static void
take_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		fatal("/dev/null");
	if (dup2(null, fd) < 0)
		fatal("dup2");
	close(null);
}

void
daemon_detach(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		fatal("cannot go into the background");
	if (pid > 0) {
		close(fds[1]);
		wait_for_daemon(fds[0]);
	}
	/* Only a session leader can get a terminal again, so the daemon is its child. */
	if (setsid() < 0 || (pid = fork()) < 0)
		fatal("cannot go into the background");
	if (pid > 0)
		_exit(0);
	if (chdir("/") < 0)
		fatal("/");
	signal(SIGHUP, SIG_IGN);	/* until the master handles it */
	take_null(STDIN_FILENO);
	take_null(STDOUT_FILENO);
	if (dup2(fds[1], STDERR_FILENO) < 0)
		fatal("dup2");
	close(fds[0]);
	close(fds[1]);
}

void
daemon_report(int status)
{
	const char outcome[2] = { '\0', (char)status };

	if (write(STDERR_FILENO, outcome, sizeof(outcome)) < 0)
		log_debug(0, "daemon.report", "effect=\"nobody waits any more\"");
	take_null(STDERR_FILENO);
}
