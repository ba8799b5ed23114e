# kithctl, the control tool: a program of its own.
sbin_PROGRAMS += server/kithctl
server_kithctl_SOURCES = \
	server/ctl/kithctl.c \
	server/ctl/kithctl.h \
	server/ctl/kithctl_backup.c \
	server/ctl/kithctl_connect.c \
	server/ctl/kithctl_password.c \
	server/ctl/kithctl_print.c
server_kithctl_LDADD = libkithd.a libkithproto.a $(JANSSON_LIBS) $(ICU_LIBS) $(SQLITE_LIBS)

dist_man_MANS += server/ctl/kithctl.8
