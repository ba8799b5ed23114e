# The role log.
libkithd_a_SOURCES += \
	server/logger/logger.c
