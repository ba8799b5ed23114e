# The HTTP door and its routes.
EXTRA_DIST += server/web/README.md
libkithd_a_SOURCES += \
	server/web/call.c \
	server/web/call.h \
	server/web/call_phase.c \
	server/web/call_phase.h \
	server/web/door_http.c \
	server/web/web.c \
	server/web/web.h \
	server/web/web_api.c \
	server/web/web_login.c \
	server/web/web_page.c \
	server/web/web_poll.c \
	server/web/web_routes.c \
	server/web/web_status.c \
	server/web/web_upgrade.c
