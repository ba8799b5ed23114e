# libkith: connect, log in, sync, send; no terminal.
noinst_LIBRARIES += libkith.a
libkith_a_SOURCES = \
	client-cli/libkith/client.c \
	client-cli/libkith/client.h \
	client-cli/libkith/client_conv.c \
	client-cli/libkith/client_conv.h \
	client-cli/libkith/client_failure.c \
	client-cli/libkith/client_failure.h \
	client-cli/libkith/client_frame.c \
	client-cli/libkith/client_frame.h \
	client-cli/libkith/client_id.c \
	client-cli/libkith/client_id.h \
	client-cli/libkith/client_link.c \
	client-cli/libkith/client_link.h \
	client-cli/libkith/client_login.c \
	client-cli/libkith/client_login.h \
	client-cli/libkith/client_queue.c \
	client-cli/libkith/client_queue.h \
	client-cli/libkith/client_request.c \
	client-cli/libkith/client_request.h \
	client-cli/libkith/client_state.c \
	client-cli/libkith/client_state.h \
	client-cli/libkith/client_sync.c \
	client-cli/libkith/client_sync.h \
	client-cli/libkith/client_taken.c \
	client-cli/libkith/client_taken.h \
	client-cli/libkith/kith.h \
	client-cli/libkith/net.c \
	client-cli/libkith/net.h \
	client-cli/libkith/net_lookup.c \
	client-cli/libkith/net_lookup.h \
	client-cli/libkith/net_tls.c \
	client-cli/libkith/net_tls.h \
	client-cli/libkith/url.c
