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
