# libkithshm: depends on libc only.
noinst_LIBRARIES += libkithshm.a
libkithshm_a_SOURCES = \
	shm/arena.h \
	shm/point.h \
	shm/registry.h \
	shm/ring.h \
	shm/rlock.h \
	shm/stats.h \
	shm/table.h \
	shm/wake.h
