# libkithd.a: all of kithd except main(), so that tests link single modules. Each room
# adds its files to libkithd_a_SOURCES.
noinst_LIBRARIES += libkithd.a
libkithd_a_SOURCES =
nodist_libkithd_a_SOURCES =
AM_CFLAGS += $(SQLITE_CFLAGS) $(MYSQL_CFLAGS)

kithd_libs = libkithd.a libkithproto.a libkithshm.a $(EVENT_LIBS) $(PROTOBUFC_LIBS) $(SSL_LIBS) \
	$(SQLITE_LIBS) $(MYSQL_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS) $(CRYPT_LIBS) $(ICU_LIBS) $(WSLAY_LIBS)

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
include server/main/local.mk
include server/ctl/local.mk
