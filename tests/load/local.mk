# Load generators, on libkith: one for the server as a whole, one for its doors side
# by side.
noinst_PROGRAMS += tests/load/kith-load tests/load/kith-fan
load_libs = libkith.a libkithproto.a $(EVENT_LIBS) $(SSL_LIBS) $(PROTOBUFC_LIBS) $(JANSSON_LIBS)
tests_load_kith_load_SOURCES = tests/load/kith_load.c
tests_load_kith_load_LDADD = $(load_libs)
tests_load_kith_fan_SOURCES = tests/load/fan_link.c tests/load/fan_link.h tests/load/fan_load.c
tests_load_kith_fan_LDADD = $(load_libs)

# Not built by default: how fast the writer is, see the file.
EXTRA_PROGRAMS = tests/load/store_bench
tests_load_store_bench_SOURCES = tests/load/store_bench.c $(store_kit)
tests_load_store_bench_LDADD = $(server_libs)
