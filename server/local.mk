# kithd: main.c and libkithd.a with all the rest, so that tests link single modules.
noinst_LIBRARIES += libkithd.a

# The frame of the daemon: master, births, records between processes, configuration.
server_core = \
	server/ask.c \
	server/ask.h \
	server/birth.c \
	server/birth.h \
	server/conf.c \
	server/conf.h \
	server/conf_keys.c \
	server/conf_keys.h \
	server/conf_value.c \
	server/conf_value.h \
	server/control.c \
	server/control.h \
	server/control_cmd.c \
	server/daemon.c \
	server/daemon.h \
	server/handout.c \
	server/handout.h \
	server/invite.c \
	server/invite.h \
	server/ipc.c \
	server/ipc.h \
	server/ipc_table.c \
	server/listen.c \
	server/listen.h \
	server/log.c \
	server/log.h \
	server/logger.c \
	server/master.c \
	server/master.h \
	server/master_child.c \
	server/master_int.h \
	server/master_reload.c \
	server/master_setup.c \
	server/page.c \
	server/page.h \
	server/pem.c \
	server/pem.h \
	server/proc.c \
	server/proc.h \
	server/proc_info.c \
	server/roles.c \
	server/seqpage.c \
	server/seqpage.h \
	server/state.c \
	server/state.h \
	server/state_tls.c \
	server/tickets.c \
	server/tickets.h

# The worker role.
server_worker = \
	server/accept.c \
	server/call.c \
	server/call.h \
	server/client_id.c \
	server/client_id.h \
	server/conn.c \
	server/conn.h \
	server/conn_write.c \
	server/conn_write.h \
	server/deliver.c \
	server/dispatch.c \
	server/dispatch.h \
	server/door.c \
	server/door.h \
	server/door_http.c \
	server/door_native.c \
	server/door_poll.c \
	server/door_ws.c \
	server/http.c \
	server/http.h \
	server/http_find.c \
	server/http_head.c \
	server/http_int.h \
	server/index.c \
	server/index.h \
	server/limit.c \
	server/limit.h \
	server/req_message.c \
	server/req_presence.c \
	server/req_session.c \
	server/req_typing.c \
	server/session.c \
	server/session.h \
	server/session_int.h \
	server/session_login.c \
	server/tls.c \
	server/tls.h \
	server/tls_cert.c \
	server/told.c \
	server/told.h \
	server/web.h \
	server/web_api.c \
	server/web_login.c \
	server/web_page.c \
	server/web_routes.c \
	server/web_rules.c \
	server/web_rules.h \
	server/web_status.c \
	server/web_upgrade.c \
	server/worker.c \
	server/worker.h \
	server/ws.h \
	server/ws_reader.c \
	server/ws_reader.h

# The store roles.
server_store = \
	server/conv.c \
	server/conv.h \
	server/db.c \
	server/db.h \
	server/db_driver.h \
	server/db_migrate.c \
	server/db_sqlite.c \
	server/store.c \
	server/store.h \
	server/store_batch.c \
	server/store_batch.h \
	server/store_cache.c \
	server/store_cache.h \
	server/store_find.c \
	server/store_group.c \
	server/store_group.h \
	server/store_history.c \
	server/store_history.h \
	server/store_hook.c \
	server/store_list.c \
	server/store_list.h \
	server/store_people.c \
	server/store_read.c \
	server/store_send.c \
	server/store_send.h \
	server/store_tell.c \
	server/store_transact.c
if MYSQL
server_store += \
	server/db_mysql.c \
	server/db_mysql.h \
	server/db_mysql_batch.c \
	server/db_mysql_connect.c
endif
AM_CFLAGS += $(SQLITE_CFLAGS) $(MYSQL_CFLAGS)

# The schema's texts, sorted by dialect and number, become a part of kithd.
schema_files = \
	etc/schema/mysql/0001_init.sql \
	etc/schema/mysql/0002_hooks.sql \
	etc/schema/sqlite/0001_init.sql \
	etc/schema/sqlite/0002_hooks.sql
nodist_libkithd_a_SOURCES = server/db_schema.c server/page_files.c
EXTRA_DIST += server/db_schema.awk $(schema_files)
CLEANFILES += server/db_schema.c server/db_schema.tmp
server/db_schema.c: server/db_schema.awk $(schema_files)
	$(AM_V_GEN)$(MKDIR_P) server && cd $(srcdir) && \
	LC_ALL=C $(AWK) -f server/db_schema.awk $(schema_files) \
	    >$(abs_builddir)/server/db_schema.tmp && cd $(abs_builddir)/server && \
	mv -f db_schema.tmp db_schema.c

# So does the list of the page's files.
EXTRA_DIST += server/page_files.awk
CLEANFILES += server/page_files.c server/page_files.tmp
server/page_files.c: server/page_files.awk client-web/local.mk
	$(AM_V_GEN)$(MKDIR_P) server && printf '%s\n' $(web_files) | \
	LC_ALL=C $(AWK) -f $(srcdir)/server/page_files.awk >server/page_files.tmp && \
	mv -f server/page_files.tmp server/page_files.c

# The auth role.
server_auth = \
	server/auth.c \
	server/auth.h \
	server/auth_admin.c \
	server/auth_limit.c \
	server/auth_limit.h \
	server/auth_login.c \
	server/auth_step.c \
	server/auth_used.c \
	server/name.c \
	server/name.h \
	server/password.c \
	server/password.h \
	server/store_account.c \
	server/store_account.h \
	server/store_token.c \
	server/token.c \
	server/token.h

libkithd_a_SOURCES = $(server_core) $(server_worker) $(server_store) $(server_auth)

kithd_libs = libkithd.a libkithproto.a libkithshm.a $(EVENT_LIBS) $(PROTOBUFC_LIBS) $(SSL_LIBS) \
	$(SQLITE_LIBS) $(MYSQL_LIBS) $(JANSSON_LIBS) $(CRYPT_LIBS) $(ICU_LIBS) $(HTTP_PARSER_LIBS) \
	$(WSLAY_LIBS)

sbin_PROGRAMS += server/kithd server/kithctl
server_kithd_SOURCES = server/main.c
server_kithd_LDADD = $(kithd_libs)
server_kithctl_SOURCES = server/kithctl.c server/kithctl.h server/kithctl_password.c \
	server/kithctl_print.c
server_kithctl_LDADD = $(JANSSON_LIBS)

dist_man_MANS += server/kithd.8 server/kithd.conf.5 server/kithctl.8
