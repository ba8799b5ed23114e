# Bytes to HTTP requests and back; no socket, no session.
libkithd_a_SOURCES += \
	server/http/http.c \
	server/http/http.h \
	server/http/http_find.c \
	server/http/http_head.c \
	server/http/http_int.h \
	server/http/http_text.c \
	server/http/web_rules.c \
	server/http/web_rules.h
