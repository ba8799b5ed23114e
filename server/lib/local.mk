# Plain code: no I/O of its own, no roles.
libkithd_a_SOURCES += \
	server/lib/client_id.c \
	server/lib/client_id.h \
	server/lib/hostname.c \
	server/lib/hostname.h \
	server/lib/index.c \
	server/lib/index.h \
	server/lib/limit.c \
	server/lib/limit.h \
	server/lib/log.c \
	server/lib/log.h \
	server/lib/netname.c \
	server/lib/netname.h \
	server/lib/notes.c \
	server/lib/notes.h \
	server/lib/seqpage.c \
	server/lib/seqpage.h \
	server/lib/told.c \
	server/lib/told.h
