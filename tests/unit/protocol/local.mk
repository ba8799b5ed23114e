unit_tests += \
	tests/unit/protocol/base64_test \
	tests/unit/protocol/clock_test \
	tests/unit/protocol/error_test \
	tests/unit/protocol/file_test \
	tests/unit/protocol/frame_test \
	tests/unit/protocol/json_memory_test \
	tests/unit/protocol/json_test \
	tests/unit/protocol/oneof_test \
	tests/unit/protocol/reply_test \
	tests/unit/protocol/stdfd_test \
	tests/unit/protocol/unpackmem_test \
	tests/unit/protocol/utf8_test \
	tests/unit/protocol/wipebuf_test \
	tests/unit/protocol/wire_random_test \
	tests/unit/protocol/wire_test
tests_unit_protocol_error_test_LDADD = $(protocol_libs)
tests_unit_protocol_frame_test_LDADD = $(protocol_libs)
tests_unit_protocol_json_memory_test_SOURCES = tests/unit/protocol/json_memory_test.c $(heap_kit)
tests_unit_protocol_json_memory_test_LDFLAGS = $(malloc_ldflags)
tests_unit_protocol_json_memory_test_LDADD = $(protocol_libs)
tests_unit_protocol_json_test_SOURCES = tests/unit/protocol/json_test.c $(sample_kit)
tests_unit_protocol_json_test_LDADD = $(protocol_libs)
tests_unit_protocol_oneof_test_LDADD = $(protocol_libs)
tests_unit_protocol_stdfd_test_LDADD = $(protocol_libs)
tests_unit_protocol_unpackmem_test_LDADD = $(protocol_libs)
tests_unit_protocol_utf8_test_LDADD = $(protocol_libs)
tests_unit_protocol_wire_random_test_SOURCES = tests/unit/protocol/wire_random_test.c $(sample_kit)
tests_unit_protocol_wire_random_test_LDADD = $(protocol_libs)
tests_unit_protocol_wire_test_SOURCES = tests/unit/protocol/wire_test.c $(sample_kit)
tests_unit_protocol_wire_test_LDADD = $(protocol_libs)
tests_unit_protocol_clock_test_LDADD = $(protocol_libs)
tests_unit_protocol_base64_test_LDADD = $(protocol_libs)
tests_unit_protocol_file_test_SOURCES = tests/unit/protocol/file_test.c $(tmpdir_kit)
tests_unit_protocol_file_test_LDADD = $(protocol_libs)
tests_unit_protocol_wipebuf_test_LDFLAGS = $(malloc_ldflags)
tests_unit_protocol_wipebuf_test_LDADD = $(protocol_libs)
tests_unit_protocol_reply_test_LDADD = $(protocol_libs)
