/*
 * logger.c - the log role: writes the lines that arrive in its inbox.
 *
 * It alone may wait for a terminal, a disk or syslog. Lines that do not fit into its
 * inbox meanwhile are dropped by their senders; it logs how many once there is room.
 * Lines of level error also go to stderr.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <event2/event.h>

#include "protocol/base/clock.h"
#include "protocol/base/file.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"
#include "server/proc/proc.h"
#include "shm/stats.h"

#define OUT_MAX		(64u * 1024u)
#define LOOK_MS		1000u
#define ASTRAY_MS	2000u

struct logger {
	enum conf_log_to target;
	int		 fd;		/* target stderr: 2; file: open; syslog or lost: -1 */
	uint64_t	 dropped;	/* as ring_dropped() was last logged */
	bool		 no_open, no_write;	/* the last one failed; told */
	bool		 half_line;		/* fd got a line without its end */
	bool		 draining;
	/* The path was looked at; and since when it leads elsewhere, or 0 */
	uint64_t	 looked_ms, astray_ms;
	struct event	*reopen;	/* SIGUSR1 */
	size_t		 len;		/* bytes in out[] */
	char		 out[OUT_MAX];
};

static void
close_file(struct logger *g)
{
	if (g->fd > STDERR_FILENO)
		close(g->fd);
	g->fd = -1;
}

/* 0 or -errno: the disk is full, the reader is gone. The next lines are tried again. `last`:
 * the last byte that was written, unchanged if there was none. */
static int
write_all(int fd, const char *bytes, size_t len, char *last)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
		*last = bytes[-1];
	}
	return 0;
}

/* Whether the log works, for the status. */
static void
show_target(const struct proc *p)
{
	const struct logger *g = p->state;

	stats_set(p->stats, STAT_log_failing, g->no_open || g->no_write);
}

/* Counts, and says so once on stderr: the log cannot tell it itself. */
static void
target_failed(struct proc *p, bool *failed, const char *what, int error)
{
	struct logger *g = p->state;

	stats_add(p->stats, STAT_log_failed, 1);
	if (!*failed && g->fd != STDERR_FILENO)
		dprintf(STDERR_FILENO, "kithd: log_file: %s: %s: %s\n", p->conf->log_file, what,
		    file_strerror(error));
	*failed = true;
	show_target(p);
}

/* A line that a full disk cut must not run into the next one. */
static int
end_half_line(struct logger *g)
{
	char last = '\0';
	int rc = g->half_line ? write_all(g->fd, "\n", 1, &last) : 0;

	if (rc == 0)
		g->half_line = false;
	return rc;
}

static void
flush(struct proc *p)
{
	struct logger *g = p->state;
	char last = '\n';
	int rc = 0;

	if (g->fd >= 0 && g->len > 0) {
		if ((rc = end_half_line(g)) == 0) {
			rc = write_all(g->fd, g->out, g->len, &last);
			g->half_line = last != '\n';
		}
		if (rc < 0)
			target_failed(p, &g->no_write, "lines are lost", rc);
		else if (g->no_write) {
			g->no_write = false;
			show_target(p);
		}
	}
	g->len = 0;
}

static bool
opened_same(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_ino == sb.st_ino &&
	    sa.st_dev == sb.st_dev;
}

/* Opens the target in the configuration; keeps the old file if that fails. 0 or -errno. */
static int
open_target(struct proc *p)
{
	struct logger *g = p->state;
	int fd = STDERR_FILENO;

	flush(p);
	if (p->conf->log_to == LOG_TO_FILE)
		fd = file_append(p->conf->log_file, 0640);
	if (fd < 0) {
		if (!g->no_open)	/* each try of follow_path() would say it */
			log_error(0, "log.open", "file=%s error=\"%s\"", p->conf->log_file,
			    file_strerror(fd));
		target_failed(p, &g->no_open, "cannot be opened", fd);
		return fd;
	}
	if (fd != g->fd && !opened_same(g->fd, fd))
		g->half_line = g->no_write = false;
	close_file(g);
	g->no_open = false;
	show_target(p);
	g->target = p->conf->log_to;
	if (g->target == LOG_TO_SYSLOG)
		openlog("kithd", LOG_NDELAY | LOG_PID, LOG_DAEMON);
	else
		g->fd = fd;
	return 0;
}

static void
put_line(struct proc *p, enum log_level level, const char *line, size_t len)
{
	static const int priority[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
	struct logger *g = p->state;
	char last;

	if (level == LOG_L_ERROR && g->fd != STDERR_FILENO)
		(void)write_all(STDERR_FILENO, line, len, &last);	/* nobody may look there */
	if (g->target == LOG_TO_SYSLOG) {
		line += strcspn(line, " ") + 1;		/* syslog has its own time */
		syslog(priority[level], "%s", line);
		return;
	}
	if (len > sizeof(g->out) - g->len)
		flush(p);
	memcpy(g->out + g->len, line, len);
	g->len += len;
}

static void
logger_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	enum role role = proc_slot_role(p->shared, h->from);
	enum log_level level = h->code <= LOG_L_DEBUG ? (enum log_level)h->code : LOG_L_ERROR;
	char line[LOG_LINE_MAX];
	size_t n;

	n = log_line(line, sizeof(line), h->time_ms, level, proc_role_name(role),
	    h->from - p->shared->first[role], h->user[0], (const char *)body, len);
	put_line(p, level, line, n);
}

/* A line of our own. */
static void
put_warning(struct proc *p, const char *text)
{
	char line[LOG_LINE_MAX];
	size_t n = log_line(line, sizeof(line), clock_utc_ms(), LOG_L_WARN,
	    proc_role_name(p->role), p->index, 0, text, strlen(text));

	put_line(p, LOG_L_WARN, line, n);
}

/* Logs how many lines the inbox had no room for since the last time. */
static void
tell_dropped(struct proc *p)
{
	struct logger *g = p->state;
	uint64_t dropped = ring_dropped(&p->shared->rings[p->slot]);
	char text[64];

	if (dropped == g->dropped)
		return;
	snprintf(text, sizeof(text), "log.dropped lines=%llu",
	    (unsigned long long)(dropped - g->dropped));
	g->dropped = dropped;
	put_warning(p, text);
}

static bool
is_elsewhere(const char *path, int fd)
{
	struct stat named, ours;

	if (stat(path, &named) < 0)
		return errno == ENOENT;
	return fstat(fd, &ours) == 0 &&
	    (named.st_ino != ours.st_ino || named.st_dev != ours.st_dev);
}

/* Is the log still where people look for it? Not at once: who moved it away may be about to
 * make a new one, and to say SIGUSR1. */
static void
follow_path(struct proc *p)
{
	struct logger *g = p->state;
	uint64_t now = clock_now_ms();

	if (g->fd < 0 || g->target != LOG_TO_FILE || now - g->looked_ms < LOOK_MS)
		return;
	g->looked_ms = now;
	if (!is_elsewhere(p->conf->log_file, g->fd))
		g->astray_ms = 0;
	else if (g->astray_ms == 0)
		g->astray_ms = now;
	else if (now - g->astray_ms >= ASTRAY_MS) {
		g->astray_ms = now;	/* if it fails: later again */
		if (open_target(p) == 0)
			put_warning(p, "log.reopened reason=\"it was removed or replaced\"");
	}
}

static void
logger_turn(struct proc *p)
{
	struct logger *g = p->state;

	follow_path(p);
	tell_dropped(p);
	flush(p);
	if (g->draining && ring_empty(&p->shared->rings[p->slot]))
		proc_stop(p);
}

static void
logger_drain(struct proc *p)
{
	struct logger *g = p->state;

	g->draining = true;
}

static void
on_usr1(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)open_target(arg);		/* the old one goes on */
}

int
logger_main(struct proc *p)
{
	static const struct proc_ops ops = {
		.record = logger_record,
		.turn = logger_turn,
		.drain = logger_drain,
	};
	static struct logger g = { .fd = STDERR_FILENO };

	p->state = &g;
	g.dropped = ring_dropped(&p->shared->rings[p->slot]);
	g.reopen = evsignal_new(p->base, SIGUSR1, on_usr1, p);
	if (g.reopen == NULL || event_add(g.reopen, NULL) < 0)
		fatalx("no memory for the signal");
	/* A successor goes on with stderr until SIGUSR1. */
	if (open_target(p) < 0 && p->generation == 1)
		return PROC_EX_CONFIG;
	proc_run(p, &ops);
	flush(p);
	event_free(g.reopen);
	close_file(&g);
	event_base_free(p->base);
	return 0;
}
