/*
 * log.c - the log's API, in every process: makes the text and passes it on.
 *
 * In a role the text goes to the sink that was attached, proc/log_ring.c; the log role
 * adds the time and the sender's name.
 */
#include "server/lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/clock.h"
#include "protocol/base/utf8.h"

static enum log_level log_max = LOG_L_INFO;

/* Of this process, as log_attach() set them. */
static struct {
	const char	*role;
	unsigned	 index;
	log_sink	*sink;		/* NULL: lines go to stderr */
	void		*arg;
} log_source = { .role = "kithd" };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_init(enum log_level level)
{
	log_max = level;
}

void
log_attach(const char *role, unsigned index, log_sink *sink, void *arg)
{
	log_source.role = role;
	log_source.index = index;
	log_source.sink = sink;
	log_source.arg = arg;
}

/* Bytes of the well-formed, printable UTF-8 character at `s`, or 0. */
static size_t
printable(const char *s, size_t left)
{
	uint32_t c;
	size_t n = utf8_decode(s, left, &c);

	if (n == 0)
		return 0;
	/* C0, DEL, C1; the line ends of Unicode; marks that turn the text around. */
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c)
		return 0;
	return n;
}

size_t
log_escape(char *out, size_t cap, const char *text, size_t len)
{
	size_t used = 0, n, need;
	char code[5];

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = printable(text + i, len - i);
		if (n == 0 && text[i] == '\n')
			strcpy(code, "\\n");
		else if (n == 0 && text[i] == '\t')
			strcpy(code, "\\t");
		else if (n == 0)
			snprintf(code, sizeof(code), "\\x%02x", (unsigned char)text[i]);
		need = n ? n : strlen(code);
		if (need >= cap - used)
			break;
		memcpy(out + used, n ? text + i : code, need);
		used += need;
	}
	out[used] = '\0';
	return used;
}

void
log_complain(const char *text)
{
	char clean[LOG_TEXT_MAX];

	log_escape(clean, sizeof(clean), text, strlen(text));
	dprintf(STDERR_FILENO, "kithd: %s\n", clean);
}

static size_t
log_print_time(char *out, size_t cap, uint64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;
	size_t n;

	if (gmtime_r(&seconds, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	n = strftime(out, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(out + n, cap - n, ".%03uZ", (unsigned)(time_ms % 1000));
}

size_t
log_line(char *out, size_t cap, uint64_t time_ms, enum log_level level,
    const char *role, unsigned index, uint64_t who, const char *text, size_t len)
{
	char clean[LOG_TEXT_MAX + 1], source[32], whom[32] = "";
	const char *values;
	size_t n;
	int put;

	log_escape(clean, sizeof(clean), text, len);
	values = clean + strcspn(clean, " ");
	n = log_print_time(out, cap, time_ms);
	snprintf(source, sizeof(source), index == 0 ? "%s" : "%s.%u", role, index);
	if (who != 0)
		snprintf(whom, sizeof(whom), " who=%llu", (unsigned long long)who);
	put = snprintf(out + n, cap - n, " %s %s %.*s%s%s\n", level_names[level], source,
	    (int)(values - clean), clean, whom, values);
	n += (size_t)put;
	if (n >= cap) {
		n = cap - 1;
		out[n - 1] = '\n';
	}
	return n;
}

static void
to_stderr(enum log_level level, uint64_t who, const char *text, size_t len)
{
	char line[LOG_LINE_MAX];
	size_t n;
	ssize_t put;

	n = log_line(line, sizeof(line), clock_utc_ms(), level, log_source.role, log_source.index,
	    who,
	    text, len);
	put = write(STDERR_FILENO, line, n);
	(void)put;			/* nobody is left to be told */
}

__attribute__((format(printf, 4, 0)))
static void
log_text(enum log_level level, uint64_t who, const char *event, const char *fmt, va_list ap)
{
	char text[LOG_TEXT_MAX];
	int n, more;

	n = snprintf(text, sizeof(text), "%s ", event);
	if (n < 0 || (size_t)n >= sizeof(text))
		return;
	more = vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	n += more < 0 ? 0 : more;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	if (log_source.sink != NULL)
		log_source.sink(log_source.arg, level, who, text, (size_t)n);
	else
		to_stderr(level, who, text, (size_t)n);
}

void
log_event(enum log_level level, uint64_t who, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (level > log_max)
		return;
	va_start(ap, fmt);
	log_text(level, who, event, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	int error = errno;
	char text[LOG_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error(0, "fatal", "%s: %s", text, strerror(error));
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_L_ERROR, 0, "fatal", fmt, ap);
	va_end(ap);
	exit(1);
}
