/*
 * tmpdir.h - a test's own folder, gone when the program ends.
 */
#ifndef KITH_TESTS_TMPDIR_H
#define KITH_TESTS_TMPDIR_H

/* Makes a folder. Its path is valid until the end, when it is removed with all
 * that is in it, also after a failed test. Ends the program if it cannot. */
const char	*tmpdir(void);

/* Removes it with its contents, now. */
void		 tmpdir_remove(const char *path);

#endif
