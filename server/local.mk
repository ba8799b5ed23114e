# kithd: main.c, and libkithd.a with all the rest, so that tests link single modules.
# Each room adds its files to libkithd_a_SOURCES.
noinst_LIBRARIES += libkithd.a
libkithd_a_SOURCES = server/worker_doors.c server/worker_doors.h server/roles.c
nodist_libkithd_a_SOURCES =
AM_CFLAGS += $(SQLITE_CFLAGS) $(MYSQL_CFLAGS)

kithd_libs = libkithd.a libkithproto.a libkithshm.a $(EVENT_LIBS) $(PROTOBUFC_LIBS) $(SSL_LIBS) \
	$(SQLITE_LIBS) $(MYSQL_LIBS) $(JANSSON_LIBS) $(CRYPT_LIBS) $(ICU_LIBS) $(WSLAY_LIBS)

sbin_PROGRAMS += server/kithd
server_kithd_SOURCES = server/main.c
server_kithd_LDADD = $(kithd_libs)

dist_man_MANS += server/kithd.8
EXTRA_DIST += server/README.md

include server/lib/local.mk
include server/conf/local.mk
include server/handout/local.mk
include server/proc/local.mk
include server/tls/local.mk
include server/rules/local.mk
include server/http/local.mk
include server/db/local.mk
include server/master/local.mk
include server/logger/local.mk
include server/auth/local.mk
include server/store/local.mk
include server/worker/local.mk
include server/door/local.mk
include server/web/local.mk
include server/ctl/local.mk
