# libkithshm: depends on libc only.
noinst_LIBRARIES += libkithshm.a
libkithshm_a_SOURCES = \
	shm/arena.c shm/arena.h \
	shm/point.c shm/point.h \
	shm/registry.c shm/registry.h \
	shm/ring.c shm/ring.h \
	shm/rlock.c shm/rlock.h \
	shm/stats.c shm/stats.h \
	shm/stripe.c shm/stripe.h \
	shm/table.c shm/table.h \
	shm/wake.c shm/wake.h
EXTRA_DIST += shm/README.md
