# Processes killed inside critical sections. Kill points are compiled in, whatever
# configure was told.
unit_tests += \
	tests/crash/point_test \
	tests/crash/registry_test \
	tests/crash/ring_test \
	tests/crash/store_crash_test \
	tests/crash/table_test
check_LIBRARIES = tests/crash/libkithshm_points.a
tests_crash_libkithshm_points_a_SOURCES = $(libkithshm_a_SOURCES)
tests_crash_libkithshm_points_a_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
crash_kills = tests/crash/kills.c tests/crash/kills.h $(shm_kit)
crash_libs = tests/crash/libkithshm_points.a $(CMOCKA_LIBS)
tests_crash_point_test_SOURCES = tests/crash/point_test.c $(shm_kit)
tests_crash_point_test_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
tests_crash_point_test_LDADD = $(crash_libs)
tests_crash_registry_test_SOURCES = tests/crash/registry_test.c $(crash_kills)
tests_crash_registry_test_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
tests_crash_registry_test_LDADD = $(crash_libs)
tests_crash_ring_test_SOURCES = tests/crash/ring_test.c $(crash_kills)
tests_crash_ring_test_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
tests_crash_ring_test_LDADD = $(crash_libs)
tests_crash_table_test_SOURCES = tests/crash/table_test.c $(crash_kills)
tests_crash_table_test_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
tests_crash_table_test_LDADD = $(crash_libs)
tests_crash_store_crash_test_SOURCES = tests/crash/store_crash_test.c $(store_kit)
tests_crash_store_crash_test_LDADD = $(server_libs)
