/*
 * http_find.c - looks into a request: headers, lists in headers, query, cookies.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "server/http/http_int.h"

const char *
http_header(const struct http_request *q, const char *name, unsigned i)
{
	for (unsigned k = 0; k < q->nheaders; k++)
		if (strcmp(q->headers[k].name, name) == 0 && i-- == 0)
			return q->headers[k].value;
	return NULL;
}

const char *
http_list_find(const char *list, const char *token)
{
	size_t len = strlen(token), n;
	const char *end;

	for (; *list != '\0'; list = end + (*end == ',')) {
		list += strspn(list, " \t");
		end = list + strcspn(list, ",");
		for (n = (size_t)(end - list); n > 0 && strchr(" \t", list[n - 1]) != NULL; n--)
			;
		if (n == len && strncasecmp(list, token, n) == 0)
			return list;
	}
	return NULL;
}

bool
http_has_token(const struct http_request *q, const char *name, const char *token)
{
	const char *value;

	for (unsigned i = 0; (value = http_header(q, name, i)) != NULL; i++)
		if (http_list_find(value, token) != NULL)
			return true;
	return false;
}

/* After the token: nothing, or a weight over 0 (RFC 9110, 12.4.2). */
static bool
weighs_something(const char *at, const char *end)
{
	at += strspn(at, " \t");
	if (at == end)
		return true;
	if (*at++ != ';')
		return false;
	at += strspn(at, " \t");
	if (end - at < 2 || strncasecmp(at, "q=", 2) != 0)
		return false;
	return at + 2 + strcspn(at + 2, "123456789") < end;
}

bool
http_accepts(const struct http_request *q, const char *name, const char *token)
{
	const char *list, *end;
	bool any = false;
	size_t n;

	for (unsigned i = 0; (list = http_header(q, name, i)) != NULL; i++)
		for (; *list != '\0'; list = end + (*end == ',')) {
			list += strspn(list, " \t");
			end = list + strcspn(list, ",");
			n = strcspn(list, ",; \t");
			if (n == strlen(token) && strncasecmp(list, token, n) == 0)
				return weighs_something(list + n, end);
			if (n == 1 && *list == '*')
				any = weighs_something(list + n, end);
		}
	return any;
}

/* Finds the value of NAME=VALUE in a query or a list of cookies. 0, -ENOENT, or -EINVAL
 * (found twice). */
static int
find_pair(const char *list, char separator, const char *name, const char **value, size_t *len)
{
	const char ends[] = { separator, '\0' };
	const char *at = list, *end;
	size_t n = strlen(name);
	int rc = -ENOENT;

	for (; *at != '\0'; at = end + (*end == separator)) {
		at += strspn(at, " \t");
		end = at + strcspn(at, ends);
		if ((size_t)(end - at) <= n || strncmp(at, name, n) != 0 || at[n] != '=')
			continue;
		if (rc == 0)
			return -EINVAL;
		*value = at + n + 1;
		*len = (size_t)(end - *value);
		rc = 0;
	}
	return rc;
}

int
http_query(const struct http_request *q, const char *name, char *out, size_t cap)
{
	const char *value;
	size_t len;
	int rc = find_pair(q->query, '&', name, &value, &len);

	return rc < 0 ? rc : http_percent_decode(value, len, true, out, cap);
}

int
http_cookie(const struct http_request *q, const char *name, char *out, size_t cap)
{
	const char *cookies = http_header(q, "cookie", 0), *value;
	size_t len;
	int rc = cookies == NULL ? -ENOENT : find_pair(cookies, ';', name, &value, &len);

	if (rc < 0)
		return rc;
	if (len >= cap)
		return -EINVAL;
	memcpy(out, value, len);
	out[len] = '\0';
	return (int)len;
}
