# What unit tests share.
tmpdir_kit = tests/unit/kit/tmpdir.c tests/unit/kit/tmpdir.h
sample_kit = tests/unit/kit/sample.c tests/unit/kit/sample.h tests/fuzz/mutate.c tests/fuzz/mutate.h
shared_kit = tests/unit/kit/fake_shared.c tests/unit/kit/fake_shared.h
worker_kit = tests/unit/kit/worker_kit.c tests/unit/kit/worker_kit.h \
	tests/unit/kit/broken_registry.h $(shared_kit) $(tmpdir_kit)
auth_kit = tests/unit/kit/auth_world.c tests/unit/kit/auth_world.h $(shared_kit)
mariadb_kit = tests/unit/kit/mariadb.c tests/unit/kit/mariadb.h $(tmpdir_kit)
store_kit = tests/unit/kit/store_kit.c tests/unit/kit/store_kit.h \
	tests/unit/kit/broken_registry.h $(mariadb_kit)
shm_kit = tests/crash/harness.c tests/crash/harness.h
# A malloc that counts and fails on demand, and a free that looks for secrets.
heap_kit = tests/unit/kit/heap.c tests/unit/kit/heap.h
malloc_ldflags = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=free

shm_libs = libkithshm.a $(CMOCKA_LIBS)
protocol_libs = libkithproto.a $(PROTOBUFC_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
server_libs = $(kithd_libs) $(CMOCKA_LIBS)
client_libs = libkithcli.a $(kith_libs) $(CMOCKA_LIBS)
