# A target for each decoder, replayed over its seeds; replay.c is what a fuzzer's own
# main would be.
unit_tests += \
	tests/fuzz/frame_fuzz \
	tests/fuzz/http_fuzz \
	tests/fuzz/json_fuzz \
	tests/fuzz/wire_fuzz \
	tests/fuzz/ws_fuzz
fuzz_replay = tests/fuzz/fuzz.h tests/fuzz/mutate.c tests/fuzz/mutate.h tests/fuzz/replay.c
tests_fuzz_frame_fuzz_SOURCES = tests/fuzz/frame_fuzz.c $(fuzz_replay)
tests_fuzz_frame_fuzz_LDADD = $(protocol_libs)
tests_fuzz_http_fuzz_SOURCES = tests/fuzz/http_fuzz.c $(fuzz_replay)
tests_fuzz_http_fuzz_LDADD = $(kithd_libs)
tests_fuzz_json_fuzz_SOURCES = tests/fuzz/json_fuzz.c $(fuzz_replay)
tests_fuzz_json_fuzz_LDADD = $(protocol_libs)
tests_fuzz_wire_fuzz_SOURCES = tests/fuzz/wire_fuzz.c $(fuzz_replay)
tests_fuzz_wire_fuzz_LDADD = $(protocol_libs)
tests_fuzz_ws_fuzz_SOURCES = tests/fuzz/ws_fuzz.c $(fuzz_replay)
tests_fuzz_ws_fuzz_LDADD = $(kithd_libs)
EXTRA_DIST += tests/fuzz/seeds
