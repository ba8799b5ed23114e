/*
 * stdfd.h - standard input, output and error that somebody closed before the
 * program began.
 */
#ifndef KITH_PROTOCOL_BASE_STDFD_H
#define KITH_PROTOCOL_BASE_STDFD_H

/* Opens /dev/null for each of the descriptors 0, 1 and 2 that is not open, so
 * that no socket, pipe or file takes its number and is then read or written as
 * a standard stream. The first call of main(). Returns which were missing, as
 * bits (1 << number), or a negative errno. */
int	stdfd_fill(void);

#endif
