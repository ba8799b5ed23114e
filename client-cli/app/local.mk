# What every command of kith shares: profiles, secrets, output.
libkithcli_a_SOURCES += \
	client-cli/app/app.c \
	client-cli/app/app.h \
	client-cli/app/out.c \
	client-cli/app/out.h \
	client-cli/app/out_rows.c \
	client-cli/app/out_string.c \
	client-cli/app/secret.c \
	client-cli/app/secret.h \
	client-cli/app/store.c \
	client-cli/app/store.h
