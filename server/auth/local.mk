# The role auth.
libkithd_a_SOURCES += \
	server/auth/auth.c \
	server/auth/auth.h \
	server/auth/auth_admin.c \
	server/auth/auth_admin.h \
	server/auth/auth_job.c \
	server/auth/auth_job.h \
	server/auth/auth_limit.c \
	server/auth/auth_limit.h \
	server/auth/auth_login.c \
	server/auth/auth_login.h \
	server/auth/auth_step.c \
	server/auth/auth_step.h \
	server/auth/password.c \
	server/auth/password.h \
	server/auth/password_text.c \
	server/auth/password_text.h
