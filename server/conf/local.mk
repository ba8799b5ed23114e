# The configuration: kithd.conf, options, defaults.
libkithd_a_SOURCES += \
	server/conf/conf.c \
	server/conf/conf.h \
	server/conf/conf_keys.c \
	server/conf/conf_keys.h \
	server/conf/conf_value.c \
	server/conf/conf_value.h \
	server/conf/kith_db.c \
	server/conf/kith_db.h \
	server/conf/path.c \
	server/conf/path.h \
	server/conf/served.c \
	server/conf/served.h

dist_man_MANS += server/conf/kithd.conf.5
