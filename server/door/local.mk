# Doors into a worker: native frames and WebSocket.
libkithd_a_SOURCES += \
	server/door/door_native.c \
	server/door/door_native.h \
	server/door/door_ws.c \
	server/door/door_ws.h \
	server/door/ws_reader.c \
	server/door/ws_reader.h
