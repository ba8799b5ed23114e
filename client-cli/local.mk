# libkith (the client core) and kith.
noinst_LIBRARIES += libkith.a
libkith_a_SOURCES = \
	client-cli/client.c \
	client-cli/client.h \
	client-cli/client_failure.c \
	client-cli/client_login.c \
	client-cli/client_queue.c \
	client-cli/client_req.c \
	client-cli/client_state.c \
	client-cli/client_state.h \
	client-cli/client_sync.c \
	client-cli/kith.h \
	client-cli/net.c \
	client-cli/net.h \
	client-cli/net_tls.c \
	client-cli/net_tls.h \
	client-cli/url.c

# All of kith but main.c, so that unit tests link single modules.
noinst_LIBRARIES += libkithcli.a
libkithcli_a_SOURCES = \
	client-cli/app.c \
	client-cli/app.h \
	client-cli/chat.c \
	client-cli/chat.h \
	client-cli/chat_cmd.c \
	client-cli/cmd.h \
	client-cli/cmd_account.c \
	client-cli/cmd_group.c \
	client-cli/cmd_hook.c \
	client-cli/cmd_list.c \
	client-cli/cmd_read.c \
	client-cli/cmd_send.c \
	client-cli/cmd_tail.c \
	client-cli/line.c \
	client-cli/line.h \
	client-cli/names.c \
	client-cli/names.h \
	client-cli/out.c \
	client-cli/out.h \
	client-cli/out_rows.c \
	client-cli/out_string.c \
	client-cli/secret.c \
	client-cli/secret.h \
	client-cli/store.c \
	client-cli/store.h

kith_libs = libkith.a libkithproto.a \
	$(EVENT_LIBS) $(SSL_LIBS) $(JANSSON_LIBS) $(PROTOBUFC_LIBS)

bin_PROGRAMS += client-cli/kith
client_cli_kith_SOURCES = client-cli/main.c
client_cli_kith_LDADD = libkithcli.a $(kith_libs) $(READLINE_LIBS)

dist_man_MANS += client-cli/kith.1
EXTRA_DIST += client-cli/README.md
