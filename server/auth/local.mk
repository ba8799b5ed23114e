# The role auth.
libkithd_a_SOURCES += \
	server/auth/auth.c \
	server/auth/auth.h \
	server/auth/auth_admin.c \
	server/auth/auth_limit.c \
	server/auth/auth_limit.h \
	server/auth/auth_login.c \
	server/auth/auth_step.c \
	server/auth/auth_used.c \
	server/auth/password.c \
	server/auth/password.h
