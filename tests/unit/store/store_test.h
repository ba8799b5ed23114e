/*
 * store_test.h - the parts of store_test; each runs its tests on one kind of
 * database.
 */
#ifndef KITH_TESTS_STORE_TEST_H
#define KITH_TESTS_STORE_TEST_H

struct kit_kind;

int	store_send_tests(const struct kit_kind *kind);
int	store_group_tests(const struct kit_kind *kind);
int	store_incarnation_tests(const struct kit_kind *kind);
int	store_news_tests(const struct kit_kind *kind);
int	store_read_tests(const struct kit_kind *kind);
int	store_fault_tests(const struct kit_kind *kind);

#endif
