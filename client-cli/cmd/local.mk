# kith's commands.
libkithcli_a_SOURCES += \
	client-cli/cmd/cmd.h \
	client-cli/cmd/cmd_account.c \
	client-cli/cmd/cmd_enter.c \
	client-cli/cmd/cmd_group.c \
	client-cli/cmd/cmd_hook.c \
	client-cli/cmd/cmd_list.c \
	client-cli/cmd/cmd_password.c \
	client-cli/cmd/cmd_password.h \
	client-cli/cmd/cmd_read.c \
	client-cli/cmd/cmd_send.c \
	client-cli/cmd/cmd_tail.c \
	client-cli/cmd/cmd_text.c \
	client-cli/cmd/cmd_text.h \
	client-cli/cmd/cmd_verb.c \
	client-cli/cmd/cmd_verb.h
