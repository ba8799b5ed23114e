/*
 * birth.c - a role's process from fork() to its main function.
 */
#include "server/master/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/master/listen.h"
#include "server/proc/log_ring.h"
#include "server/proc/proc_signal.h"

#define LISTENERS_MAX		(REGISTRY_WORKERS_MAX * PROC_LISTEN_MAX)
#define FDS_BESIDE_SESSIONS	(256u + LISTENERS_MAX)	/* of a worker: eventfds, libraries */
#define KEEP_FIRST		8u
#define KEEP_MAX		(KEEP_FIRST + PROC_SLOTS_MAX + LISTENERS_MAX)

/* LeakSanitizer reads /proc at the exit of each process. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* -- descriptors ---------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void
close_from_to(unsigned from, unsigned to)
{
#ifdef HAVE_CLOSE_RANGE
	if (close_range(from, to, 0) == 0)
		return;
#endif
	long most = sysconf(_SC_OPEN_MAX);

	for (unsigned fd = from; fd <= to && (long)fd < most; fd++)
		close((int)fd);
}

static void
close_all_but(int *keep, unsigned n)
{
	unsigned next = 0;

	qsort(keep, n, sizeof(*keep), by_number);
	for (unsigned i = 0; i < n; i++) {
		if (keep[i] < 0 || (unsigned)keep[i] < next)
			continue;
		if ((unsigned)keep[i] > next)
			close_from_to(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	close_from_to(next, ~0u);
}

static void
close_descriptors(const struct birth *b, const struct proc *p)
{
	int keep[KEEP_MAX] = { 0, 1, 2, b->life_fd, b->options.fd, b->pem.fd, b->tickets.fd,
	    b->page.fd };
	unsigned n = KEEP_FIRST;

	for (unsigned i = 0; i < b->shared->nslots; i++)
		keep[n++] = b->shared->wakes[i].fd;
	for (unsigned w = 0; p->listening != NULL && w < REGISTRY_WORKERS_MAX; w++)
		for (unsigned i = 0; i < PROC_LISTEN_MAX; i++)
			keep[n++] = p->listening->fds[w][i];
	close_all_but(keep, n);
}

/* -- what the role is given ----------------------------------------------- */

static struct handout *
take_handout(struct handout *h, bool entitled)
{
	if (!entitled) {
		handout_refuse(h);
		return NULL;
	}
	if (handout_open(h) < 0)
		fatal("cannot map a handout");
	return h;
}

static void
take_handouts(struct birth *b, struct proc *p)
{
	struct proc_listening none, *l = p->listening ? p->listening : &none;
	bool listens = p->listening != NULL;

	p->options = take_handout(&b->options, true);
	l->pem = take_handout(&b->pem, listens);
	l->tickets = take_handout(&b->tickets, listens);
	l->page = take_handout(&b->page, listens);
}

static void
set_limits(const struct birth *b, const struct proc *p)
{
	const struct proc_role *role = &b->roles[p->role];
	struct rlimit files;
	rlim_t need = (rlim_t)b->conf->sessions_max + FDS_BESIDE_SESSIONS;

	if (!role->listens || getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= need)
		return;
	if (files.rlim_max != RLIM_INFINITY && files.rlim_max < need) {
		files.rlim_cur = files.rlim_max = need;
		if (setrlimit(RLIMIT_NOFILE, &files) == 0)
			return;
		getrlimit(RLIMIT_NOFILE, &files);
		need = files.rlim_max;
		log_warn(0, "limit.files", "limit=%llu sessions_max=%u",
		    (unsigned long long)need, b->conf->sessions_max);
	}
	files.rlim_cur = need;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* The kernel's out-of-memory killer spares the master, not the roles. Started without root this
 * fails: /proc/self is root's where no core may be dumped. */
static void
become_killable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) < 0)
		log_debug(0, "oom.score", "error=\"%s\"", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* -- what it gives up ----------------------------------------------------- */

/* The role's root, below the state directory ("": that itself). NULL: it is not confined. */
static const char *
root_of(const struct proc_role *role, const struct conf *c)
{
	switch (role->root) {
	case PROC_ROOT_EMPTY:
		return BIRTH_EMPTY_DIR;
	case PROC_ROOT_DATABASE:
		return strcmp(c->database, "sqlite") == 0 ? "" : NULL;
	case PROC_ROOT_LOG:	/* it reopens its file, or syslog's socket */
		return c->log_to == LOG_TO_STDERR ? BIRTH_EMPTY_DIR : NULL;
	case PROC_ROOT_ALL:
		break;
	}
	return NULL;
}

static void
change_root(const struct birth *b, struct proc *p)
{
	const char *root = root_of(&b->roles[p->role], b->conf);

	if (SANITIZED || root == NULL)
		return;
	if (chdir(b->conf->state_dir) < 0 || (*root != '\0' && chdir(root) < 0) ||
	    chroot(".") < 0 || chdir("/") < 0)
		fatal("cannot confine to %s/%s", b->conf->state_dir, root);
	b->conf->state_shown = strdup(b->conf->state_dir);
	strcpy(b->conf->state_dir, "/");	/* fits: the path is absolute */
}

static void
drop_root(const struct birth *b, struct proc *p)
{
	if (setgroups(0, NULL) < 0)
		fatal("setgroups");
	change_root(b, p);
	if (setresgid(b->gid, b->gid, b->gid) < 0 || setresuid(b->uid, b->uid, b->uid) < 0)
		fatal("cannot become %s", b->conf->user);
	if (b->uid != 0 && setresuid(0, 0, 0) == 0)
		fatalx("root came back");
}

void
birth_protect(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	if (!SANITIZED)		/* LeakSanitizer traces its own process */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void
follow_master(pid_t master)
{
	birth_protect();	/* again: the change of user may have undone it */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* After the change of user, which resets it. Without it, life_fd ends the loop. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		_exit(1);
}

_Noreturn static void
live(struct birth *b, struct proc *p, pid_t master)
{
	/* ^C at a terminal, and a signal to the master's group, are for the master alone. */
	setpgid(0, 0);
	proc_signal_role();
	close_descriptors(b, p);
	take_handouts(b, p);
	set_limits(b, p);
	become_killable();
	if (b->drops)
		drop_root(b, p);
	follow_master(master);
	if ((p->base = event_base_new()) == NULL)
		fatalx("no memory for the event base");
	exit(b->roles[p->role].main(p));
}

/* -- the fork ------------------------------------------------------------- */

static void
fill_proc(const struct birth *b, unsigned slot, struct proc *p, struct proc_listening *l)
{
	struct proc_slot *s = &b->shared->slots[slot];

	*p = (struct proc){
		.role = proc_slot_role(b->shared, slot),
		.slot = slot,
		.generation = atomic_load(&s->generation),
		.conf = b->conf,
		.shared = b->shared,
		.stats = &b->shared->stats[slot],
		.life_fd = b->life_fd,
	};
	p->index = slot - b->shared->first[p->role];
	if (!b->roles[p->role].listens)
		return;
	listen_give(b->listeners, l->fds);
	p->listening = l;
}

pid_t
birth_start(struct birth *b, unsigned slot)
{
	struct proc_slot *s = &b->shared->slots[slot];
	pid_t master = getpid(), pid;

	atomic_store(&s->ready, 0);
	atomic_store(&s->beat_ms, clock_now_ms());
	atomic_fetch_add(&s->generation, 1);
	fill_proc(b, slot, &b->proc, &b->listening);
	if ((pid = fork()) < 0)
		return -errno;
	if (pid > 0) {
		atomic_store(&s->pid, (uint32_t)pid);
		return pid;
	}
	log_ring_attach(&b->proc);
	live(b, &b->proc, master);
}
