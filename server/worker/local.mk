# The role worker: connections, sessions, requests.
libkithd_a_SOURCES += \
	server/worker/accept.c \
	server/worker/conn.c \
	server/worker/conn.h \
	server/worker/conn_input.c \
	server/worker/deliver.c \
	server/worker/dispatch.c \
	server/worker/dispatch.h \
	server/worker/door.c \
	server/worker/door.h \
	server/worker/outbuf.c \
	server/worker/outbuf.h \
	server/worker/req_message.c \
	server/worker/req_presence.c \
	server/worker/req_session.c \
	server/worker/req_typing.c \
	server/worker/session.c \
	server/worker/session.h \
	server/worker/session_groups.c \
	server/worker/session_int.h \
	server/worker/session_login.c \
	server/worker/session_request.c \
	server/worker/worker.c \
	server/worker/worker.h \
	server/worker/wrapped.c \
	server/worker/wrapped.h
