/*
 * store_test.c - writer and reader on each kind of database; see store_kit.h.
 */
#include "tests/unit/store/store_test.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/kit/mariadb.h"
#include "tests/unit/kit/store_kit.h"

int
main(void)
{
	int failures = 0;

	for (unsigned i = 0; i < kit_nkinds; i++) {
		const struct kit_kind *kind = &kit_kinds[i];

		if (strcmp(kind->database, "mysql") == 0 && !mariadb_there()) {
			printf("%s: skipped, mariadbd is not installed\n", kind->name);
			continue;
		}
		failures += store_send_tests(kind);
		failures += store_group_tests(kind);
		failures += store_incarnation_tests(kind);
		failures += store_news_tests(kind);
		failures += store_read_tests(kind);
		failures += store_fault_tests(kind);
	}
	return failures == 0 ? 0 : 1;
}
