# The role master.
libkithd_a_SOURCES += \
	server/master/ask.c \
	server/master/ask.h \
	server/master/birth.c \
	server/master/birth.h \
	server/master/check.c \
	server/master/check.h \
	server/master/children.c \
	server/master/control.c \
	server/master/control.h \
	server/master/control_cmd.c \
	server/master/daemon.c \
	server/master/daemon.h \
	server/master/invite.c \
	server/master/invite.h \
	server/master/listen.c \
	server/master/listen.h \
	server/master/master.c \
	server/master/master.h \
	server/master/master_init.c \
	server/master/master_int.h \
	server/master/master_pem.c \
	server/master/master_reload.c \
	server/master/master_setup.c \
	server/master/master_watch.c \
	server/master/state.c \
	server/master/state.h \
	server/master/state_lock.c \
	server/master/state_tls.c
