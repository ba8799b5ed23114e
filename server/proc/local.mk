# A role's process and its loop, and the records between processes.
libkithd_a_SOURCES += \
	server/proc/ipc.c \
	server/proc/ipc.h \
	server/proc/ipc_table.c \
	server/proc/log_ring.c \
	server/proc/log_ring.h \
	server/proc/proc.c \
	server/proc/proc.h \
	server/proc/proc_health.c \
	server/proc/proc_health.h \
	server/proc/proc_role.c \
	server/proc/proc_role.h \
	server/proc/proc_signal.c \
	server/proc/proc_signal.h
