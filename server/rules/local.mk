# Pure decisions: who may, which names, what a token is.
libkithd_a_SOURCES += \
	server/rules/conv.c \
	server/rules/conv.h \
	server/rules/hook.c \
	server/rules/hook.h \
	server/rules/may.c \
	server/rules/may.h \
	server/rules/name.c \
	server/rules/name.h \
	server/rules/token.c \
	server/rules/token.h
