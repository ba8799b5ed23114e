/*
 * stdfd.c - standard input, output and error that somebody closed before the
 * program began.
 */
#include "protocol/base/stdfd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
stdfd_fill(void)
{
	int missing = 0;

	for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
		if (fcntl(number, F_GETFD) >= 0)
			continue;
		/* open(2) takes the lowest free number, and the ones below are open. */
		if (open("/dev/null", O_RDWR) < 0)
			return -errno;
		missing |= 1 << number;
	}
	return missing;
}
