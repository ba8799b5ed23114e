/*
 * kithctl_print.c - what people see: answers of the control socket, and errors.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "server/ctl/kithctl.h"
#include "server/lib/log.h"

#define CLEAN_MAX	4096u		/* a text of an answer, escaped */

static json_int_t
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Prints any text of an answer, escaped, and blanks up to `width`. */
static void
put_text(const char *value, size_t width)
{
	char clean[CLEAN_MAX];

	value = value != NULL ? value : "?";
	log_escape(clean, sizeof(clean), value, strlen(value));
	printf("%-*s", (int)width, clean);
}

static void
put_value(const json_t *object, const char *key, size_t width)
{
	put_text(json_string_value(json_object_get(object, key)), width);
}

/* "name         value" */
static void
put_row(const char *label, const json_t *value)
{
	printf("%-12s ", label);
	put_text(json_string_value(value), 0);
	putchar('\n');
}

static void
put_warnings(const json_t *answer)
{
	char clean[CLEAN_MAX];
	const char *warning;
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "warnings"), i, row) {
		warning = json_string_value(row) != NULL ? json_string_value(row) : "?";
		log_escape(clean, sizeof(clean), warning, strlen(warning));
		fprintf(stderr, "kithctl: warning: %s\n", clean);
	}
}

int
kithctl_fail(int status, const char *text)
{
	char clean[CLEAN_MAX];

	log_escape(clean, sizeof(clean), text, strlen(text));
	fprintf(stderr, "kithctl: %s\n", clean);
	return status;
}

void
kithctl_print_json(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT | JSON_ENSURE_ASCII);

	for (const char *s = text != NULL ? text : "null"; *s != '\0'; s++)
		if (*s == 0x7f)		/* the one control character that jansson lets pass */
			fputs("\\u007f", stdout);
		else
			putchar(*s);
	putchar('\n');
	free(text);
}

int
kithctl_fail_json(int status, const char *text)
{
	json_t *error = json_pack("{s:s, s:i}", "error", text, "exit", status);

	kithctl_print_json(error);
	json_decref(error);
	return status;
}

static const char *
state_of(const json_t *row)
{
	const char *health = json_string_value(json_object_get(row, "health"));

	if (number(row, "pid") == 0)
		return "away";
	if (health != NULL && strcmp(health, "up") != 0)
		return health;
	return json_is_true(json_object_get(row, "ready")) ? "ready" : "starting";
}

int
kithctl_print_status(const json_t *answer)
{
	bool ready = json_is_true(json_object_get(answer, "ready"));
	const json_t *row, *value;
	size_t i;

	printf("kithd ");
	put_value(answer, "version", 0);
	printf(" %s, up %" JSON_INTEGER_FORMAT " s\n",
	    ready ? "serves" : "does not serve", number(answer, "uptime_s"));
	json_array_foreach(json_object_get(answer, "problems"), i, value)
		put_row("problem", value);
	put_row("name", json_object_get(answer, "server_name"));
	if ((value = json_object_get(answer, "config")) != NULL)
		put_row("config", value);
	else
		puts("config       none: all options have their defaults");
	put_row("state", json_object_get(answer, "state_dir"));
	json_array_foreach(json_object_get(answer, "listen"), i, value)
		put_row("listens on", value);
	put_row("key", json_object_get(answer, "fingerprint"));
	put_row("valid until", json_object_get(answer, "certificate_ends"));
	printf("sessions     %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " users\n\n",
	    number(answer, "sessions"), number(answer, "users_online"));
	printf("%-8s %5s %8s %8s  %s\n", "ROLE", "INDEX", "PID", "RESTARTS", "STATE");
	json_array_foreach(json_object_get(answer, "processes"), i, row) {
		put_value(row, "role", 8);
		printf(" %5d %8d %8d  ", (int)number(row, "index"), (int)number(row, "pid"),
		    (int)number(row, "restarts"));
		put_text(state_of(row), 0);
		putchar('\n');
	}
	put_warnings(answer);
	return ready ? EXIT_DONE : EXIT_FAILED;
}

int
kithctl_print_stats(const json_t *answer)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(answer, "stats"), key, value) {
		put_text(key, 22);
		printf(" %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	}
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
		put_value(row, "name", 20);
		printf(" %6d %10" JSON_INTEGER_FORMAT "  %s%s\n",
		    (int)number(row, "worker"), number(row, "device"), since,
		    json_is_true(json_object_get(row, "admin")) ? " admin" : "");
	}
	return EXIT_DONE;
}

int
kithctl_print_url(const json_t *answer)
{
	put_value(answer, json_object_get(answer, "link") != NULL ? "link" : "url", 0);
	putchar('\n');
	return EXIT_DONE;
}

int
kithctl_print_reload(const json_t *answer)
{
	put_warnings(answer);
	return EXIT_DONE;
}

int
kithctl_print_nothing(const json_t *answer)
{
	(void)answer;
	return EXIT_DONE;
}
