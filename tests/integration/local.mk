# The real programs, driven by pytest: run by tests/run.sh, not by make check.
# json_pipe is the other end of doors/test_json.py.
noinst_PROGRAMS += tests/integration/doors/json_pipe
tests_integration_doors_json_pipe_LDADD = $(protocol_libs)
EXTRA_DIST += \
	tests/integration/client/test_chat.py \
	tests/integration/client/test_cli.py \
	tests/integration/client/test_commands.py \
	tests/integration/client/test_copies.py \
	tests/integration/client/test_hooks.py \
	tests/integration/client/test_terminal.py \
	tests/integration/client/test_waiting.py \
	tests/integration/conftest.py \
	tests/integration/doors/test_calls.py \
	tests/integration/doors/test_doors.py \
	tests/integration/doors/test_fan.py \
	tests/integration/doors/test_frames.py \
	tests/integration/doors/test_heads.py \
	tests/integration/doors/test_heads_nginx.py \
	tests/integration/doors/test_independent.py \
	tests/integration/doors/test_json.py \
	tests/integration/doors/test_nginx.py \
	tests/integration/doors/test_origin.py \
	tests/integration/doors/test_poll.py \
	tests/integration/doors/test_protocol_page.py \
	tests/integration/doors/test_rest.py \
	tests/integration/doors/test_ws_cases.py \
	tests/integration/doors/test_ws_clients.py \
	tests/integration/doors/test_ws_handshake.py \
	tests/integration/kithtest/__init__.py \
	tests/integration/kithtest/browser.py \
	tests/integration/kithtest/build.py \
	tests/integration/kithtest/checker.py \
	tests/integration/kithtest/cli.py \
	tests/integration/kithtest/doors.py \
	tests/integration/kithtest/fake.py \
	tests/integration/kithtest/mariadb.py \
	tests/integration/kithtest/nginx.py \
	tests/integration/kithtest/netns.py \
	tests/integration/kithtest/pb.py \
	tests/integration/kithtest/reports.py \
	tests/integration/kithtest/schema.py \
	tests/integration/kithtest/server.py \
	tests/integration/kithtest/swarm.py \
	tests/integration/kithtest/talker.py \
	tests/integration/kithtest/terminal.py \
	tests/integration/kithtest/tls.py \
	tests/integration/kithtest/wait.py \
	tests/integration/kithtest/ws.py \
	tests/integration/server/test_accept_queue.py \
	tests/integration/server/test_accounts.py \
	tests/integration/server/test_daemon.py \
	tests/integration/server/test_faults.py \
	tests/integration/server/test_limits.py \
	tests/integration/server/test_quickstart.py \
	tests/integration/server/test_readme.py \
	tests/integration/server/test_signals.py \
	tests/integration/storm/test_chaos.py \
	tests/integration/storm/fail_sync.c \
	tests/integration/storm/test_checker.py \
	tests/integration/storm/test_storage.py \
	tests/integration/tables/frames.py \
	tests/integration/tables/heads.py \
	tests/integration/tables/ws_cases.py \
	tests/integration/web/test_browser.py \
	tests/integration/web/test_page.py \
	tests/integration/web/test_page_source.py \
	tests/integration/web/test_web.py
