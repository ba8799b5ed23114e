# Unit, crash and fuzz-replay tests: `make check` runs them. Each area lists its own programs in
# unit_tests; the source is the program's name and .c unless it says more. The
# integration tests are run by tests/run.sh.
unit_tests =

# shm: the tests need libkithshm alone.
unit_tests += tests/unit/arena_test \
	tests/unit/arena_file_test \
	tests/unit/registry_test \
	tests/unit/ring_test \
	tests/unit/rlock_test \
	tests/unit/stats_test \
	tests/unit/table_test \
	tests/unit/wake_test
shm_harness = tests/crash/harness.c tests/crash/harness.h
shm_libs = libkithshm.a $(CMOCKA_LIBS)
tests_unit_arena_test_SOURCES = tests/unit/arena_test.c $(shm_harness)
tests_unit_arena_test_LDADD = $(shm_libs)
tests_unit_arena_file_test_SOURCES = tests/unit/arena_file_test.c $(shm_harness)
tests_unit_arena_file_test_LDADD = $(shm_libs)
tests_unit_registry_test_SOURCES = tests/unit/registry_test.c $(shm_harness)
tests_unit_registry_test_LDADD = $(shm_libs)
tests_unit_ring_test_SOURCES = tests/unit/ring_test.c $(shm_harness)
tests_unit_ring_test_LDADD = $(shm_libs)
tests_unit_rlock_test_SOURCES = tests/unit/rlock_test.c $(shm_harness)
tests_unit_rlock_test_LDADD = $(shm_libs)
tests_unit_stats_test_LDADD = $(shm_libs)
tests_unit_table_test_SOURCES = tests/unit/table_test.c $(shm_harness)
tests_unit_table_test_LDADD = $(shm_libs)
tests_unit_wake_test_SOURCES = tests/unit/wake_test.c $(shm_harness)
tests_unit_wake_test_LDADD = $(shm_libs)

# The crash tests have kill points compiled in, whatever configure was told.
unit_tests += tests/crash/point_test \
	tests/crash/registry_test \
	tests/crash/ring_test \
	tests/crash/table_test
check_LIBRARIES = tests/crash/libkithshm_points.a
tests_crash_libkithshm_points_a_SOURCES = $(libkithshm_a_SOURCES)
tests_crash_libkithshm_points_a_CPPFLAGS = $(AM_CPPFLAGS) -DKITH_POINTS=1
crash_kills = tests/crash/kills.c tests/crash/kills.h $(shm_harness)
crash_libs = tests/crash/libkithshm_points.a $(CMOCKA_LIBS)
tests_crash_point_test_SOURCES = tests/crash/point_test.c $(shm_harness)
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

# protocol: the tests need libkithproto alone. A fuzz target is replayed over its
# seeds; replay.c is what a fuzzer's own main would be.
unit_tests += tests/unit/error_test \
	tests/unit/frame_test \
	tests/unit/unpackmem_test \
	tests/unit/utf8_test \
	tests/unit/wire_random_test \
	tests/unit/wire_test \
	tests/fuzz/frame_fuzz \
	tests/fuzz/wire_fuzz
protocol_libs = libkithproto.a $(PROTOBUFC_LIBS) $(JANSSON_LIBS)
tests_unit_error_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_frame_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_unpackmem_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_utf8_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_wire_test_SOURCES = tests/unit/wire_test.c tests/unit/sample.c tests/unit/sample.h \
	tests/fuzz/mutate.c tests/fuzz/mutate.h
tests_unit_wire_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_wire_random_test_SOURCES = tests/unit/wire_random_test.c tests/unit/sample.c \
	tests/unit/sample.h tests/fuzz/mutate.c tests/fuzz/mutate.h
tests_unit_wire_random_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)

fuzz_replay = tests/fuzz/fuzz.h tests/fuzz/mutate.c tests/fuzz/mutate.h tests/fuzz/replay.c
tests_fuzz_frame_fuzz_SOURCES = tests/fuzz/frame_fuzz.c $(fuzz_replay)
tests_fuzz_frame_fuzz_LDADD = $(protocol_libs)
tests_fuzz_wire_fuzz_SOURCES = tests/fuzz/wire_fuzz.c $(fuzz_replay)
tests_fuzz_wire_fuzz_LDADD = $(protocol_libs)
EXTRA_DIST += tests/fuzz/seeds

# JSON. json_memory_test counts what is allocated, and looks at what is freed.
unit_tests += tests/unit/json_memory_test \
	tests/unit/json_test \
	tests/fuzz/json_fuzz
tests_unit_json_memory_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=free
tests_unit_json_memory_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_unit_json_test_SOURCES = tests/unit/json_test.c tests/unit/sample.c tests/unit/sample.h \
	tests/fuzz/mutate.c tests/fuzz/mutate.h
tests_unit_json_test_LDADD = $(protocol_libs) $(CMOCKA_LIBS)
tests_fuzz_json_fuzz_SOURCES = tests/fuzz/json_fuzz.c $(fuzz_replay)
tests_fuzz_json_fuzz_LDADD = $(protocol_libs)

# The other end of test_json.py.
noinst_PROGRAMS += tests/integration/json_pipe
tests_integration_json_pipe_LDADD = $(protocol_libs)
EXTRA_DIST += tests/integration/test_json.py

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
	tests/integration/kithtest/doors.py \
	tests/integration/kithtest/fake.py \
	tests/integration/kithtest/mariadb.py \
	tests/integration/kithtest/nginx.py \
	tests/integration/kithtest/pb.py \
	tests/integration/kithtest/reports.py \
	tests/integration/kithtest/schema.py \
	tests/integration/kithtest/server.py \
	tests/integration/kithtest/swarm.py \
	tests/integration/kithtest/terminal.py \
	tests/integration/kithtest/wait.py \
	tests/integration/test_accept_queue.py \
	tests/integration/test_accounts.py \
	tests/integration/test_calls.py \
	tests/integration/test_chaos.py \
	tests/integration/test_chat.py \
	tests/integration/test_checker.py \
	tests/integration/test_cli.py \
	tests/integration/test_daemon.py \
	tests/integration/test_doors.py \
	tests/integration/frames.py \
	tests/integration/test_fan.py \
	tests/integration/test_faults.py \
	tests/integration/test_frames.py \
	tests/integration/test_independent.py \
	tests/integration/test_limits.py \
	tests/integration/test_nginx.py \
	tests/integration/test_protocol_page.py \
	tests/integration/test_readme.py \
	tests/integration/test_web.py \
	tests/integration/test_quickstart.py \
	tests/integration/test_terminal.py

# Hooks.
EXTRA_DIST += tests/integration/test_hooks.py

# store: most tests run on SQLite and on a private MariaDB server.
unit_tests += tests/crash/store_crash_test \
	tests/unit/conv_test \
	tests/unit/db_test \
	tests/unit/store_test
store_libs = libkithd.a libkithshm.a libkithproto.a $(PROTOBUFC_LIBS) $(SQLITE_LIBS) \
	$(MYSQL_LIBS) $(EVENT_LIBS) $(SSL_LIBS) $(CRYPT_LIBS) $(ICU_LIBS) $(JANSSON_LIBS) \
	$(HTTP_PARSER_LIBS) $(WSLAY_LIBS) $(CMOCKA_LIBS)
store_helpers = tests/unit/mariadb.c tests/unit/mariadb.h tests/unit/tmpdir.c tests/unit/tmpdir.h
tests_unit_conv_test_LDADD = $(store_libs)
tests_unit_db_test_SOURCES = tests/unit/db_test.c $(store_helpers)
tests_unit_db_test_LDADD = $(store_libs)
tests_crash_store_crash_test_SOURCES = tests/crash/store_crash_test.c tests/unit/store_kit.c \
	tests/unit/store_kit.h $(store_helpers)
tests_crash_store_crash_test_LDADD = $(store_libs)
tests_unit_store_test_SOURCES = tests/unit/store_test.c tests/unit/store_test.h \
	tests/unit/store_kit.c tests/unit/store_kit.h tests/unit/store_send_test.c \
	tests/unit/store_group_test.c tests/unit/store_read_test.c \
	tests/unit/store_fault_test.c $(store_helpers)
tests_unit_store_test_LDADD = $(store_libs)

# Not built by default: how fast the writer is, see the file.
EXTRA_PROGRAMS = tests/load/store_bench
tests_load_store_bench_SOURCES = tests/load/store_bench.c tests/unit/store_kit.c \
	tests/unit/store_kit.h $(store_helpers)
tests_load_store_bench_LDADD = $(store_libs)

# The worker.
unit_tests += tests/unit/conn_test \
	tests/unit/dispatch_test \
	tests/unit/index_test \
	tests/unit/limit_test \
	tests/unit/session_test \
	tests/unit/tls_test \
	tests/unit/worker_test
worker_libs = $(kithd_libs) $(CMOCKA_LIBS)
worker_kit = tests/unit/worker_kit.c tests/unit/worker_kit.h tests/unit/fake_shared.c \
	tests/unit/fake_shared.h tests/unit/tmpdir.c tests/unit/tmpdir.h
tests_unit_conn_test_SOURCES = tests/unit/conn_test.c $(worker_kit)
tests_unit_conn_test_LDADD = $(worker_libs)
tests_unit_dispatch_test_LDADD = $(worker_libs)
tests_unit_index_test_LDADD = $(worker_libs)
tests_unit_limit_test_LDADD = $(worker_libs)
tests_unit_session_test_SOURCES = tests/unit/session_test.c $(worker_kit)
tests_unit_session_test_LDADD = $(worker_libs)
tests_unit_tls_test_SOURCES = tests/unit/tls_test.c tests/unit/tmpdir.c tests/unit/tmpdir.h
tests_unit_tls_test_LDADD = $(worker_libs)
tests_unit_worker_test_SOURCES = tests/unit/worker_test.c $(worker_kit)
tests_unit_worker_test_LDADD = $(worker_libs)

# Calls: sessions run by HTTP requests.
unit_tests += tests/unit/call_test \
	tests/unit/client_id_test
tests_unit_call_test_SOURCES = tests/unit/call_test.c $(worker_kit)
tests_unit_call_test_LDADD = $(worker_libs)
tests_unit_client_id_test_LDADD = $(worker_libs)
EXTRA_DIST += \
	tests/integration/test_poll.py \
	tests/integration/test_rest.py

# client: single modules of libkith and of kith.
unit_tests += tests/unit/client_state_test \
	tests/unit/out_test \
	tests/unit/profile_test \
	tests/unit/url_test
client_libs = libkithcli.a $(kith_libs) $(CMOCKA_LIBS)
tests_unit_client_state_test_LDADD = $(client_libs)
tests_unit_out_test_LDADD = $(client_libs)
tests_unit_profile_test_SOURCES = tests/unit/profile_test.c tests/unit/tmpdir.c tests/unit/tmpdir.h
tests_unit_profile_test_LDADD = $(client_libs)
tests_unit_url_test_LDADD = $(client_libs)

# auth, and its side of the store.
unit_tests += tests/unit/auth_limit_test \
	tests/unit/auth_test \
	tests/unit/name_test \
	tests/unit/password_test \
	tests/unit/store_account_test \
	tests/unit/token_test
tests_unit_auth_limit_test_LDADD = $(store_libs)
tests_unit_auth_test_SOURCES = tests/unit/auth_test.c tests/unit/auth_world.c \
	tests/unit/auth_world.h tests/unit/fake_shared.c tests/unit/fake_shared.h
tests_unit_auth_test_LDADD = $(store_libs)
tests_unit_name_test_LDADD = $(store_libs)
tests_unit_password_test_LDADD = $(store_libs)
tests_unit_store_account_test_SOURCES = tests/unit/store_account_test.c tests/unit/store_kit.c \
	tests/unit/store_kit.h $(store_helpers)
tests_unit_store_account_test_LDADD = $(store_libs)
tests_unit_token_test_LDADD = $(store_libs)

# The load generator, on libkith.
noinst_PROGRAMS += tests/load/kith-load
tests_load_kith_load_SOURCES = tests/load/kith_load.c
tests_load_kith_load_LDADD = libkith.a libkithproto.a $(EVENT_LIBS) $(SSL_LIBS) \
	$(PROTOBUFC_LIBS) $(JANSSON_LIBS)

# The doors side by side.
noinst_PROGRAMS += tests/load/kith-fan
tests_load_kith_fan_SOURCES = tests/load/fan_link.c tests/load/fan_link.h tests/load/fan_load.c
tests_load_kith_fan_LDADD = libkith.a libkithproto.a $(EVENT_LIBS) $(SSL_LIBS) \
	$(PROTOBUFC_LIBS) $(JANSSON_LIBS)

# server: the frame of the daemon.
unit_tests += tests/unit/conf_test \
	tests/unit/handout_test \
	tests/unit/ipc_test \
	tests/unit/listen_test \
	tests/unit/log_test \
	tests/unit/master_test \
	tests/unit/proc_test
server_libs = $(kithd_libs) $(CMOCKA_LIBS)
tests_unit_conf_test_SOURCES = tests/unit/conf_test.c tests/unit/tmpdir.c tests/unit/tmpdir.h
tests_unit_conf_test_LDADD = $(server_libs)
tests_unit_handout_test_LDADD = $(server_libs)
tests_unit_ipc_test_SOURCES = tests/unit/ipc_test.c tests/unit/fake_shared.c tests/unit/fake_shared.h
tests_unit_ipc_test_LDADD = $(server_libs)
tests_unit_listen_test_LDADD = $(server_libs)
tests_unit_log_test_LDADD = $(server_libs)
tests_unit_master_test_SOURCES = tests/unit/master_test.c tests/unit/tmpdir.c tests/unit/tmpdir.h
tests_unit_master_test_LDADD = $(server_libs)
tests_unit_proc_test_SOURCES = tests/unit/proc_test.c tests/unit/fake_shared.c tests/unit/fake_shared.h
tests_unit_proc_test_LDADD = $(server_libs)

# HTTP: what is read, and who may ask. http_test counts what is allocated, and looks at what
# is freed.
unit_tests += tests/unit/http_test \
	tests/unit/web_rules_test \
	tests/fuzz/http_fuzz
tests_unit_http_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=free
tests_unit_http_test_LDADD = $(server_libs)
tests_unit_web_rules_test_LDADD = $(server_libs)
tests_fuzz_http_fuzz_SOURCES = tests/fuzz/http_fuzz.c $(fuzz_replay)
tests_fuzz_http_fuzz_LDADD = $(kithd_libs)

EXTRA_DIST += \
	tests/integration/heads.py \
	tests/integration/test_heads.py \
	tests/integration/test_heads_nginx.py \
	tests/integration/test_origin.py

# server: the browsers' door.
unit_tests += tests/unit/page_test
tests_unit_page_test_SOURCES = tests/unit/page_test.c tests/unit/tmpdir.c tests/unit/tmpdir.h
tests_unit_page_test_LDADD = $(server_libs)

# WebSocket. ws_reader_test looks at what is allocated, and at what is freed.
unit_tests += tests/unit/door_ws_test \
	tests/unit/ws_reader_test \
	tests/fuzz/ws_fuzz
tests_unit_door_ws_test_LDADD = $(server_libs)
tests_unit_ws_reader_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=free
tests_unit_ws_reader_test_LDADD = $(server_libs)
tests_fuzz_ws_fuzz_SOURCES = tests/fuzz/ws_fuzz.c $(fuzz_replay)
tests_fuzz_ws_fuzz_LDADD = $(kithd_libs)
EXTRA_DIST += \
	tests/browser/ws_client.mjs \
	tests/integration/kithtest/ws.py \
	tests/integration/test_ws_cases.py \
	tests/integration/test_ws_clients.py \
	tests/integration/test_ws_handshake.py \
	tests/integration/ws_cases.py

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

# The page: read as text, and driven in Chromium. tests/run.sh fetches the modules.
EXTRA_DIST += \
	tests/browser/access.mjs \
	tests/browser/cuts.mjs \
	tests/browser/direct.mjs \
	tests/browser/first.mjs \
	tests/browser/foreign.mjs \
	tests/browser/groups.mjs \
	tests/browser/history.mjs \
	tests/browser/hostile.mjs \
	tests/browser/keyboard.mjs \
	tests/browser/language.mjs \
	tests/browser/live.mjs \
	tests/browser/notify.mjs \
	tests/browser/package-lock.json \
	tests/browser/package.json \
	tests/browser/payloads.mjs \
	tests/browser/person.mjs \
	tests/browser/pictures.mjs \
	tests/browser/polling.mjs \
	tests/browser/proxy.mjs \
	tests/browser/scenario.mjs \
	tests/browser/tabs.mjs \
	tests/integration/kithtest/browser.py \
	tests/integration/test_browser.py \
	tests/integration/test_page.py \
	tests/integration/test_page_source.py
