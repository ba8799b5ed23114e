# The chat, in line mode.
libkithcli_a_SOURCES += \
	client-cli/chat/chat.c \
	client-cli/chat/chat.h \
	client-cli/chat/chat_ask.c \
	client-cli/chat/chat_ask.h \
	client-cli/chat/chat_cmd.c \
	client-cli/chat/chat_cmd.h \
	client-cli/chat/chat_main.c \
	client-cli/chat/chat_main.h \
	client-cli/chat/line.c \
	client-cli/chat/line.h \
	client-cli/chat/names.c \
	client-cli/chat/names.h
