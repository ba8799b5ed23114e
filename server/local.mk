# kithd: main.c and libkithd.a with all the rest, so that tests link single modules.
noinst_LIBRARIES += libkithd.a

# The frame of the daemon: master, births, records between processes, configuration.
server_core = \
	server/conf.h \
	server/ipc.h \
	server/log.h \
	server/proc.h

# The worker role.
server_worker = \
	server/tls.h

# The store roles.
server_store = \
	server/db.h

# The auth role.
server_auth = \
	server/name.c \
	server/name.h

libkithd_a_SOURCES = $(server_core) $(server_worker) $(server_store) $(server_auth)
