unit_tests += \
	tests/unit/door/door_line_test \
	tests/unit/door/door_ws_test \
	tests/unit/door/ws_reader_test
tests_unit_door_door_line_test_SOURCES = tests/unit/door/door_line_test.c $(worker_kit)
tests_unit_door_door_line_test_LDADD = $(server_libs)
tests_unit_door_door_ws_test_LDADD = $(server_libs)
tests_unit_door_ws_reader_test_SOURCES = tests/unit/door/ws_reader_test.c $(heap_kit)
tests_unit_door_ws_reader_test_LDFLAGS = $(malloc_ldflags)
tests_unit_door_ws_reader_test_LDADD = $(server_libs)
