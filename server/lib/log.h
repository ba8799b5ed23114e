/*
 * log.h - one line per event: time, level, role, who, event name, key=value.
 *
 * Before the roles run, and in tests, lines go to stderr. In a role they go to
 * the sink of log_attach(). Foreign bytes are escaped: one event is one line.
 * Never log text of messages, tokens or passwords.
 */
#ifndef KITH_SERVER_LOG_H
#define KITH_SERVER_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_TEXT_MAX	2048u		/* event and values; the rest is cut */
#define LOG_LINE_MAX	(LOG_TEXT_MAX + 128u)

enum log_level { LOG_L_ERROR, LOG_L_WARN, LOG_L_INFO, LOG_L_DEBUG };

void	log_init(enum log_level level);

/* Sets where the lines of this process go. sink NULL: to stderr, with this role
 * and index. `text` is the event's name and its values, not yet escaped. Keeps
 * `role`. */
typedef void log_sink(void *arg, enum log_level level, uint64_t who,
    const char *text, size_t len);
void	log_attach(const char *role, unsigned index, log_sink *sink, void *arg);

/* who: a session's or user's id, or 0. event: "conv.join". */
void	log_event(enum log_level level, uint64_t who, const char *event,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define log_error(who, event, ...) \
	log_event(LOG_L_ERROR, who, event, __VA_ARGS__)
#define log_warn(who, event, ...) \
	log_event(LOG_L_WARN, who, event, __VA_ARGS__)
#define log_info(who, event, ...) \
	log_event(LOG_L_INFO, who, event, __VA_ARGS__)
#define log_debug(who, event, ...) \
	log_event(LOG_L_DEBUG, who, event, __VA_ARGS__)

/* Copies `text` as one line of UTF-8: control characters, line ends and bytes
 * that are not UTF-8 become \n, \t, \x1b. Everything else stays, so escaping
 * twice is harmless. Cut at `cap`, never inside a character; NUL-terminated.
 * Returns the length. */
size_t	log_escape(char *out, size_t cap, const char *text, size_t len);

/* Prints "kithd: text" on stderr, escaped: for the person that started it. */
void	log_complain(const char *text);

/* Prints "2026-07-01T12:00:00.000Z info worker.1 conv.join who=7 conv=5\n".
 * `text` begins with the event's name; it is escaped here. Returns the
 * length. */
size_t	log_line(char *out, size_t cap, uint64_t time_ms, enum log_level level,
	    const char *role, unsigned index, uint64_t who, const char *text,
	    size_t len);

/* For start-up and broken invariants of our own only; exit 1. fatal() adds
 * errno. */
_Noreturn void	fatal(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));
_Noreturn void	fatalx(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

#endif
