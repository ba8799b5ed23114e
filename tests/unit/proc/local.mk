unit_tests += \
	tests/unit/proc/ipc_test \
	tests/unit/proc/proc_test
tests_unit_proc_ipc_test_SOURCES = tests/unit/proc/ipc_test.c $(shared_kit)
tests_unit_proc_ipc_test_LDADD = $(server_libs)
tests_unit_proc_proc_test_SOURCES = tests/unit/proc/proc_test.c $(shared_kit)
tests_unit_proc_proc_test_LDADD = $(server_libs)
