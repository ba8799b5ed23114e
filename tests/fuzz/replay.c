/*
 * replay.c - runs a fuzz target without a fuzzer: over its seeds, then over
 * mutations of them, the same ones each time. For `make check`.
 *
 * Usage: X_fuzz [FOLDER | FILE]    default: $srcdir/tests/fuzz/seeds/<fuzz_seeds>
 * A file is run once and not mutated: so a finding is looked at again.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"

#define INPUT_MAX	(128u * 1024u)
#define MUTATIONS	20000u		/* over all seeds of a target */

static uint8_t input[INPUT_MAX];

static size_t
read_seed(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	len = fread(input, 1, sizeof(input), f);
	fclose(f);
	return len;
}

/* A copy of its own size, so that a sanitizer sees a read beyond the end. */
static void
run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	FUZZ_CHECK(copy != NULL);
	if (len > 0)
		memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
run_seed(const char *path, unsigned mutations, uint32_t *seed)
{
	size_t len = read_seed(path), n;
	uint8_t *damaged = malloc(INPUT_MAX);

	FUZZ_CHECK(damaged != NULL);
	run(input, len);
	for (; mutations > 0; mutations--) {
		if (len > 0)
			memcpy(damaged, input, len);
		n = mutate(damaged, len, INPUT_MAX, seed);
		run(damaged, n);
	}
	free(damaged);
}

static int
is_seed(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int
run_folder(const char *folder)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_seed, alphasort);
	uint32_t seed = 1;
	char *path;

	if (n <= 0) {
		fprintf(stderr, "%s: no seeds\n", folder);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		FUZZ_CHECK(asprintf(&path, "%s/%s", folder, names[i]->d_name) > 0);
		run_seed(path, MUTATIONS / (unsigned)n + 1, &seed);
		free(path);
		free(names[i]);
	}
	free(names);
	printf("%s: %d seeds, about %u mutations\n", folder, n, MUTATIONS);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	struct stat st;
	char *folder;
	int rc;

	if (argc > 1 && stat(argv[1], &st) == 0 && S_ISREG(st.st_mode)) {
		run(input, read_seed(argv[1]));
		return 0;
	}
	if (argc > 1)
		return run_folder(argv[1]);
	FUZZ_CHECK(asprintf(&folder, "%s/tests/fuzz/seeds/%s", srcdir != NULL ? srcdir : ".",
	    fuzz_seeds) > 0);
	rc = run_folder(folder);
	free(folder);
	return rc;
}
