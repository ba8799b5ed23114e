# Unit and crash tests: one program per module. Each area lists its own; a program
# tests/unit/X_test needs X_test in its area's list and, unless the defaults
# below do, its SOURCES and LDADD.
unit_shm = \
	tests/unit/arena_test \
	tests/unit/arena_file_test \
	tests/unit/registry_test \
	tests/unit/ring_test \
	tests/unit/rlock_test \
	tests/unit/stats_test \
	tests/unit/table_test \
	tests/unit/wake_test \
	tests/crash/registry_test \
	tests/crash/ring_test \
	tests/crash/table_test
unit_protocol = \
	tests/unit/error_test \
	tests/unit/frame_test \
	tests/unit/unpackmem_test \
	tests/unit/utf8_test \
	tests/unit/wire_random_test \
	tests/unit/wire_test \
	tests/fuzz/frame_fuzz \
	tests/fuzz/wire_fuzz
unit_server =
unit_store =
unit_auth =
unit_client =

check_PROGRAMS += $(unit_shm) $(unit_protocol) $(unit_server) $(unit_store) \
	$(unit_auth) $(unit_client)
TESTS += $(unit_shm) $(unit_protocol) $(unit_server) $(unit_store) \
	$(unit_auth) $(unit_client)

# shm: the tests need libkithshm alone.
shm_harness = tests/crash/harness.c tests/crash/harness.h
shm_libs = libkithshm.a $(CMOCKA_LIBS)
tests_unit_arena_test_SOURCES = tests/unit/arena_test.c $(shm_harness)
tests_unit_arena_test_LDADD = $(shm_libs)
tests_unit_arena_file_test_SOURCES = tests/unit/arena_file_test.c $(shm_harness)
tests_unit_arena_file_test_LDADD = $(shm_libs)
tests_unit_registry_test_SOURCES = tests/unit/registry_test.c $(shm_harness)
tests_unit_registry_test_LDADD = $(shm_libs)
tests_unit_ring_test_SOURCES = tests/unit/ring_test.c $(shm_harness)
tests_unit_ring_test_LDADD = $(shm_libs)
tests_unit_rlock_test_SOURCES = tests/unit/rlock_test.c $(shm_harness)
tests_unit_rlock_test_LDADD = $(shm_libs)
tests_unit_stats_test_LDADD = $(shm_libs)
tests_unit_table_test_SOURCES = tests/unit/table_test.c $(shm_harness)
tests_unit_table_test_LDADD = $(shm_libs)
tests_unit_wake_test_SOURCES = tests/unit/wake_test.c $(shm_harness)
tests_unit_wake_test_LDADD = $(shm_libs)

# The crash tests have kill points compiled in, whatever configure was told.
check_LIBRARIES = tests/crash/libkithshm_points.a
tests_crash_libkithshm_points_a_SOURCES = $(libkithshm_a_SOURCES)
tests_crash_libkithshm_points_a_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
crash_kills = tests/crash/kills.c tests/crash/kills.h $(shm_harness)
crash_libs = tests/crash/libkithshm_points.a $(CMOCKA_LIBS)
tests_crash_registry_test_SOURCES = tests/crash/registry_test.c $(crash_kills)
tests_crash_registry_test_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
tests_crash_registry_test_LDADD = $(crash_libs)
tests_crash_ring_test_SOURCES = tests/crash/ring_test.c $(crash_kills)
tests_crash_ring_test_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
tests_crash_ring_test_LDADD = $(crash_libs)
tests_crash_table_test_SOURCES = tests/crash/table_test.c $(crash_kills)
tests_crash_table_test_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
tests_crash_table_test_LDADD = $(crash_libs)

# protocol: the tests need libkithproto alone. A fuzz target is replayed over its
# seeds; replay.c is what a fuzzer's own main would be.
protocol_libs = libkithproto.a $(PROTOBUFC_LIBS)
tests_unit_error_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_frame_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_unpackmem_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_utf8_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_wire_test_SOURCES = tests/unit/wire_test.c tests/unit/sample.c tests/unit/sample.h \
	tests/fuzz/mutate.c tests/fuzz/mutate.h
tests_unit_wire_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_wire_random_test_SOURCES = tests/unit/wire_random_test.c tests/unit/sample.c \
	tests/unit/sample.h tests/fuzz/mutate.c tests/fuzz/mutate.h
tests_unit_wire_random_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)

fuzz_replay = tests/fuzz/fuzz.h tests/fuzz/mutate.c tests/fuzz/mutate.h tests/fuzz/replay.c
tests_fuzz_frame_fuzz_SOURCES = tests/fuzz/frame_fuzz.c $(fuzz_replay)
tests_fuzz_frame_fuzz_LDADD = $(protocol_libs)
tests_fuzz_wire_fuzz_SOURCES = tests/fuzz/wire_fuzz.c $(fuzz_replay)
tests_fuzz_wire_fuzz_LDADD = $(protocol_libs)
EXTRA_DIST += tests/fuzz/seeds

# Integration tests: run by tests/run.sh, not by make check.
EXTRA_DIST += \
	tests/README.md \
	tests/run.sh \
	tests/fresh.sh \
	tests/tally.py \
	tests/integration/conftest.py \
	tests/integration/kithtest/__init__.py \
	tests/integration/kithtest/build.py \
	tests/integration/kithtest/checker.py \
	tests/integration/kithtest/cli.py \
	tests/integration/kithtest/mariadb.py \
	tests/integration/kithtest/raw.py \
	tests/integration/kithtest/reports.py \
	tests/integration/kithtest/schema.py \
	tests/integration/kithtest/server.py \
	tests/integration/kithtest/swarm.py \
	tests/integration/kithtest/terminal.py \
	tests/integration/kithtest/wait.py \
	tests/integration/test_accept_queue.py \
	tests/integration/test_accounts.py \
	tests/integration/test_chaos.py \
	tests/integration/test_chat.py \
	tests/integration/test_checker.py \
	tests/integration/test_daemon.py \
	tests/integration/test_faults.py \
	tests/integration/test_limits.py \
	tests/integration/test_terminal.py
