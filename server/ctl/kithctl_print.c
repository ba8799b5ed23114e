/*
 * kithctl_print.c - what people see: answers of the control socket, and errors.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "server/ctl/kithctl.h"

static json_int_t
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "?";
}

int
kithctl_fail(int status, const char *text)
{
	fprintf(stderr, "kithctl: %s\n", text);
	return status;
}

static const char *
state_of(const json_t *row)
{
	const char *health = text(row, "health");

	if (!json_is_true(json_object_get(row, "ready")))
		return number(row, "pid") ? "starting" : "away";
	return strcmp(health, "up") == 0 ? "ready" : health;
}

int
kithctl_print_status(const json_t *answer)
{
	bool ready = json_is_true(json_object_get(answer, "ready"));
	const json_t *row, *value;
	size_t i;

	printf("kithd %s %s, up %" JSON_INTEGER_FORMAT " s\n", text(answer, "version"),
	    ready ? "serves" : "does not serve", number(answer, "uptime_s"));
	json_array_foreach(json_object_get(answer, "problems"), i, value)
		printf("problem      %s\n", json_string_value(value));
	printf("name         %s\n", text(answer, "server_name"));
	json_array_foreach(json_object_get(answer, "listen"), i, value)
		printf("listens on   %s\n", json_string_value(value));
	printf("key          %s\n", text(answer, "fingerprint"));
	printf("sessions     %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " users\n\n",
	    number(answer, "sessions"), number(answer, "users_online"));
	printf("%-8s %5s %8s %8s  %s\n", "ROLE", "INDEX", "PID", "RESTARTS", "STATE");
	json_array_foreach(json_object_get(answer, "processes"), i, row)
		printf("%-8s %5d %8d %8d  %s\n", text(row, "role"), (int)number(row, "index"),
		    (int)number(row, "pid"), (int)number(row, "restarts"), state_of(row));
	return ready ? EXIT_DONE : EXIT_FAILED;
}

int
kithctl_print_stats(const json_t *answer)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(answer, "stats"), key, value)
		printf("%-22s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
	return EXIT_DONE;
}

int
kithctl_print_sessions(const json_t *answer)
{
	const json_t *row;
	char since[32];
	struct tm tm;
	time_t at;
	size_t i;

	printf("%-20s %6s %10s  %s\n", "USER", "WORKER", "DEVICE", "SINCE");
	json_array_foreach(json_object_get(answer, "sessions"), i, row) {
		at = (time_t)(number(row, "since_ms") / 1000);
		if (localtime_r(&at, &tm) == NULL ||
		    strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm) == 0)
			strcpy(since, "?");
		printf("%-20s %6d %10" JSON_INTEGER_FORMAT "  %s%s\n", text(row, "name"),
		    (int)number(row, "worker"), number(row, "device"), since,
		    json_is_true(json_object_get(row, "admin")) ? " admin" : "");
	}
	return EXIT_DONE;
}

int
kithctl_print_url(const json_t *answer)
{
	printf("%s\n", text(answer, json_object_get(answer, "link") != NULL ? "link" : "url"));
	return EXIT_DONE;
}

int
kithctl_print_nothing(const json_t *answer)
{
	(void)answer;
	return EXIT_DONE;
}
