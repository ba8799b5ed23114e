# libkith (the client core) and kith.
noinst_LIBRARIES += libkith.a
libkith_a_SOURCES = \
	client-cli/client.c \
	client-cli/client.h \
	client-cli/client_queue.c \
	client-cli/client_req.c \
	client-cli/client_state.c \
	client-cli/client_state.h \
	client-cli/client_sync.c \
	client-cli/kith.h \
	client-cli/net.c \
	client-cli/net.h \
	client-cli/url.c
