# The program: its start, its tables of roles and of doors.
libkithd_a_SOURCES += \
	server/main/roles.c \
	server/main/worker_doors.c \
	server/main/worker_doors.h

sbin_PROGRAMS += server/kithd
server_kithd_SOURCES = server/main/main.c
server_kithd_LDADD = $(kithd_libs)

dist_man_MANS += server/main/kithd.8
