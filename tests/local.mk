# Unit and crash tests: one program per module. Each area lists its own; a program
# tests/unit/X_test needs X_test in its area's list and, unless the defaults
# below do, its SOURCES and LDADD.
unit_shm =
unit_protocol =
unit_server =
unit_store =
unit_auth =
unit_client =

check_PROGRAMS += $(unit_shm) $(unit_protocol) $(unit_server) $(unit_store) \
	$(unit_auth) $(unit_client)
TESTS += $(unit_shm) $(unit_protocol) $(unit_server) $(unit_store) \
	$(unit_auth) $(unit_client)
