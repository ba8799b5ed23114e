unit_tests += \
	tests/unit/shm/arena_test \
	tests/unit/shm/arena_file_test \
	tests/unit/shm/registry_test \
	tests/unit/shm/ring_test \
	tests/unit/shm/rlock_test \
	tests/unit/shm/stats_test \
	tests/unit/shm/table_test \
	tests/unit/shm/wake_test
tests_unit_shm_arena_test_SOURCES = tests/unit/shm/arena_test.c $(shm_kit)
tests_unit_shm_arena_test_LDADD = $(shm_libs)
tests_unit_shm_arena_file_test_SOURCES = tests/unit/shm/arena_file_test.c $(shm_kit)
tests_unit_shm_arena_file_test_LDADD = $(shm_libs)
tests_unit_shm_registry_test_SOURCES = tests/unit/shm/registry_test.c $(shm_kit)
tests_unit_shm_registry_test_LDADD = $(shm_libs)
tests_unit_shm_ring_test_SOURCES = tests/unit/shm/ring_test.c $(shm_kit)
tests_unit_shm_ring_test_LDADD = $(shm_libs)
tests_unit_shm_rlock_test_SOURCES = tests/unit/shm/rlock_test.c $(shm_kit)
tests_unit_shm_rlock_test_LDADD = $(shm_libs)
tests_unit_shm_stats_test_LDADD = $(shm_libs)
tests_unit_shm_table_test_SOURCES = tests/unit/shm/table_test.c $(shm_kit)
tests_unit_shm_table_test_LDADD = $(shm_libs)
tests_unit_shm_wake_test_SOURCES = tests/unit/shm/wake_test.c $(shm_kit)
tests_unit_shm_wake_test_LDADD = $(shm_libs)
