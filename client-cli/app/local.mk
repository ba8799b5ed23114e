# What every command of kith shares: profiles, secrets, options, output.
libkithcli_a_SOURCES += \
	client-cli/app/app.c \
	client-cli/app/app.h \
	client-cli/app/disk.c \
	client-cli/app/disk.h \
	client-cli/app/kept.c \
	client-cli/app/kept.h \
	client-cli/app/known_servers.c \
	client-cli/app/known_servers.h \
	client-cli/app/options.c \
	client-cli/app/options.h \
	client-cli/app/out.c \
	client-cli/app/out.h \
	client-cli/app/out_event.c \
	client-cli/app/out_row.c \
	client-cli/app/out_string.c \
	client-cli/app/out_wrap.c \
	client-cli/app/out_wrap.h \
	client-cli/app/profile.c \
	client-cli/app/profile.h \
	client-cli/app/say.c \
	client-cli/app/say.h \
	client-cli/app/secret.c \
	client-cli/app/secret.h \
	client-cli/app/tty_guard.c \
	client-cli/app/tty_guard.h
