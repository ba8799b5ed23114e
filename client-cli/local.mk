# kith: main.c, and libkithcli.a with all the rest, so that unit tests link single
# modules. libkith.a, the client's core, is also linked by the load generators.
noinst_LIBRARIES += libkithcli.a
libkithcli_a_SOURCES = client-cli/commands.c client-cli/commands.h

include client-cli/libkith/local.mk
include client-cli/app/local.mk
include client-cli/cmd/local.mk
include client-cli/chat/local.mk

kith_libs = libkith.a libkithproto.a \
	$(EVENT_LIBS) $(SSL_LIBS) $(JANSSON_LIBS) $(PROTOBUFC_LIBS)

bin_PROGRAMS += client-cli/kith
client_cli_kith_SOURCES = client-cli/main.c
client_cli_kith_LDADD = libkithcli.a $(kith_libs) $(READLINE_LIBS)

dist_man_MANS += client-cli/kith.1
EXTRA_DIST += client-cli/README.md
