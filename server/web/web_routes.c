/*
 * web_routes.c - the table of paths.
 */
#include <string.h>

#include "server/web/web.h"

#define GET	(1u << HTTP_GET | 1u << HTTP_HEAD)
#define POST	(1u << HTTP_POST)

/* The first that matches is taken. */
static const struct web_route routes[] = {
	{ "*", false, 0, 0, NULL },		/* only for OPTIONS */
	{ "/v1/ws", false, 1u << HTTP_GET, 0, web_upgrade },
	{ "/v1/poll", false, POST, FRAME_BYTES_MAX, web_poll },
	{ "/v1/messages", false, POST, FRAME_BYTES_MAX, web_messages },
	{ "/v1/conversations/", true, GET, 0, web_events },
	{ "/v1/hook/", true, POST, FRAME_BYTES_MAX, web_hook },
	{ "/v1/login", false, POST, FRAME_BYTES_MAX_LOGIN, web_login },
	{ "/v1/logout", false, POST, FRAME_BYTES_MAX_LOGIN, web_logout },
	{ "/healthz", false, GET, 0, web_healthz },
	{ "/metrics", false, GET, 0, web_metrics },
	{ "/", false, GET, 0, web_page },
	{ "/", true, GET, 0, web_page },
};

const struct web_route *
web_route_find(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct web_route *r = &routes[i];
		size_t len = strlen(r->path);

		if (r->below ? strncmp(path, r->path, len) == 0 && path[len] != '\0' :
		    strcmp(path, r->path) == 0)
			return r;
	}
	return NULL;
}
