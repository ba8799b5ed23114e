/*
 * control.c - the admin socket: connections, lines, answers.
 */
#include "server/master/control.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/master/master_int.h"
#include "server/proc/proc.h"

/* For jansson: what it frees may have been a password. */
static void
wiping_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void
drop_client(struct control_client *cl)
{
	if (cl->out != NULL)
		wiping_free(cl->out);
	explicit_bzero(cl->in, sizeof(cl->in));
	close(cl->fd);
	*cl = (struct control_client){ .fd = -1 };
}

/* -- the socket ----------------------------------------------------------- */

/* The directory is the roles': a file that one of them puts there is not given away. */
static int
give_socket(const char *path, const struct state_owner *owner)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), rc;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISSOCK(st.st_mode))
		rc = -EEXIST;
	else
		rc = fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int
bind_socket(int fd, const char *path, const struct state_owner *owner)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int rc;

	strcpy(sun.sun_path, path);	/* its length was checked with the configuration */
	if (lstat(path, &st) == 0 && (!S_ISSOCK(st.st_mode) || unlink(path) < 0))
		return S_ISSOCK(st.st_mode) ? -errno : -EEXIST;
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	umask(mask);
	if (rc == 0 && owner->drops)
		rc = give_socket(path, owner);
	if (rc == 0 && listen(fd, CONTROL_CLIENTS_MAX) < 0)
		rc = -errno;
	return rc;
}

/* 0 or -errno: nothing has changed. */
static int
open_socket(struct control *c, const struct conf *conf, const struct state_owner *owner)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : bind_socket(fd, conf->control_socket, owner);
	struct stat st;

	if (rc == 0 && lstat(conf->control_socket, &st) < 0)
		rc = -errno;
	if (rc < 0) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (c->fd >= 0)
		close(c->fd);
	c->fd = fd;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	return 0;
}

static enum state_path
control_path(const struct control *c, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? STATE_PATH_GONE : STATE_PATH_OTHER;
	return st.st_ino == c->ino && st.st_dev == c->dev ? STATE_PATH_OURS : STATE_PATH_OTHER;
}

/* A socket that nobody listens on: an old one of ours, moved back, or a dead kithd's. */
static bool
is_dead_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;
	bool dead;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode) || strlen(path) >= sizeof(sun.sun_path) ||
	    (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return false;
	strcpy(sun.sun_path, path);
	dead = connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 && errno == ECONNREFUSED;
	close(fd);
	return dead;
}

enum state_path
control_keep(struct control *c, const struct conf *conf, const struct state_owner *owner)
{
	enum state_path now = control_path(c, conf->control_socket);
	bool dead = now == STATE_PATH_OTHER && is_dead_socket(conf->control_socket);

	if ((now != STATE_PATH_GONE && !dead) || open_socket(c, conf, owner) < 0)
		return now;
	log_warn(0, "control.socket", "file=%s reason=\"%s\" effect=\"made again\"",
	    conf->control_socket, dead ? "nobody listens on the socket that took its place" :
	    "it was removed");
	return STATE_PATH_OURS;
}

int
control_open(struct control *c, const struct conf *conf, const struct state_owner *owner,
    control_command_fn *command, char *err, size_t errlen)
{
	int rc;

	json_set_alloc_funcs(malloc, wiping_free);
	c->command = command;
	c->uid = owner->uid;
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	c->fd = -1;
	if ((rc = open_socket(c, conf, owner)) == 0)
		return 0;
	snprintf(err, errlen, "%s: %s", conf->control_socket, strerror(-rc));
	return -1;
}

void
control_close(struct control *c, const struct conf *conf)
{
	if (c->fd < 0)
		return;
	/* The connections end with the process: `kithctl stop` waits for that. */
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->clients[i].out != NULL)
			wiping_free(c->clients[i].out);
	close(c->fd);
	c->fd = -1;
	if (control_path(c, conf->control_socket) == STATE_PATH_OURS)
		unlink(conf->control_socket);
}

/* -- answers -------------------------------------------------------------- */

static uint64_t
id_of(const struct control *c, const struct control_client *cl)
{
	return (uint64_t)cl->serial << 8 | (uint64_t)(cl - c->clients);
}

static struct control_client *
find_client(struct control *c, uint64_t id)
{
	struct control_client *cl;

	if ((id & 0xff) >= CONTROL_CLIENTS_MAX)
		return NULL;
	cl = &c->clients[id & 0xff];
	return cl->fd >= 0 && id_of(c, cl) == id ? cl : NULL;
}

static void
write_out(struct control_client *cl)
{
	ssize_t n;

	while (cl->out_done < cl->out_len) {
		n = send(cl->fd, cl->out + cl->out_done, cl->out_len - cl->out_done, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			drop_client(cl);
			return;
		}
		cl->out_done += (size_t)n;
	}
	wiping_free(cl->out);
	cl->out = NULL;
}

void
control_answer(struct master *m, uint64_t client, json_t *answer)
{
	struct control_client *cl = find_client(&m->control, client);
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	json_decref(answer);
	if (cl == NULL || text == NULL) {
		if (cl != NULL)
			drop_client(cl);
		wiping_free(text);
		return;
	}
	/* The NUL's place becomes the line's end. */
	cl->out = text;
	cl->out_len = strlen(text) + 1;
	cl->out_done = 0;
	text[cl->out_len - 1] = '\n';
	cl->waiting = false;
	cl->idle_ms = clock_now_ms();
	write_out(cl);
}

json_t *
control_error(int exit, const char *text)
{
	return json_pack("{s:s, s:i}", "error", text, "exit", exit);
}

/* -- requests ------------------------------------------------------------- */

static void
run_line(struct master *m, struct control_client *cl, size_t len)
{
	json_t *request = json_loadb(cl->in, len, JSON_REJECT_DUPLICATES, NULL), *answer;
	uint64_t id = id_of(&m->control, cl);

	explicit_bzero(cl->in, len + 1);
	memmove(cl->in, cl->in + len + 1, cl->in_len - len - 1);
	cl->in_len -= len + 1;
	cl->waiting = true;
	if (!json_is_object(request))
		answer = control_error(2, "not a JSON object in one line");
	else
		answer = m->control.command(m, id, cl->uid, request);
	json_decref(request);
	if (answer != NULL)
		control_answer(m, id, answer);
}

/* Runs the next whole line, if there is one and the client is not busy. */
static void
run_next(struct master *m, struct control_client *cl)
{
	char *end;

	if (cl->waiting || cl->out != NULL)
		return;
	if ((end = memchr(cl->in, '\n', cl->in_len)) != NULL)
		run_line(m, cl, (size_t)(end - cl->in));
	else if (cl->in_len == sizeof(cl->in))
		drop_client(cl);
}

static void
read_in(struct control_client *cl)
{
	ssize_t n = recv(cl->fd, cl->in + cl->in_len, sizeof(cl->in) - cl->in_len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop_client(cl);
		return;
	}
	cl->in_len += (size_t)n;
	cl->idle_ms = clock_now_ms();
}

static bool
peer_is_allowed(const struct control *c, int fd, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	*uid = cred.uid;
	return cred.uid == 0 || cred.uid == geteuid() || cred.uid == c->uid;
}

static struct control_client *
free_place(struct control *c)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->clients[i].fd < 0)
			return &c->clients[i];
	return NULL;
}

static void
accept_client(struct control *c)
{
	static const char not_permitted[] = "{\"error\": \"not permitted\", \"exit\": 5}\n";
	struct control_client *cl = free_place(c);
	uid_t uid = (uid_t)-1;
	int fd;

	if (cl == NULL)
		return;
	if ((fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
		return;
	if (!peer_is_allowed(c, fd, &uid)) {
		log_warn(0, "control.refused", "uid=%ld", (long)uid);
		if (send(fd, not_permitted, sizeof(not_permitted) - 1, MSG_NOSIGNAL) < 0)
			log_debug(0, "control.refused", "error=\"%s\"", strerror(errno));
		close(fd);
		return;
	}
	*cl = (struct control_client){
		.fd = fd,
		.serial = ++c->last_serial,
		.uid = uid,
		.idle_ms = clock_now_ms(),
	};
}

/* -- poll ----------------------------------------------------------------- */

unsigned
control_poll(const struct control *c, struct pollfd *fds)
{
	bool room = false;

	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct control_client *cl = &c->clients[i];

		room = room || cl->fd < 0;
		fds[1 + i] = (struct pollfd){ .fd = cl->fd };
		if (cl->out != NULL)
			fds[1 + i].events = POLLOUT;
		else if (!cl->waiting)
			fds[1 + i].events = POLLIN;
	}
	fds[0] = (struct pollfd){ .fd = room ? c->fd : -1, .events = POLLIN };
	return CONTROL_POLL_MAX;
}

/* It has gone before its command was begun, and was told that there was no answer. Doing it now
 * would be a surprise: we may have been stopped for hours. */
static void
drop_unheard(struct control_client *cl)
{
	int pending = 0;

	if (cl->in_len > 0 || (ioctl(cl->fd, FIONREAD, &pending) == 0 && pending > 0))
		log_warn(0, "control.gone", "uid=%ld effect=\"its command is not carried out\"",
		    (long)cl->uid);
	drop_client(cl);
}

static void
client_events(struct master *m, struct control_client *cl, short events)
{
	if (events & POLLOUT)
		write_out(cl);
	else if ((events & POLLHUP) && !cl->waiting)
		drop_unheard(cl);
	else if (events & POLLIN)
		read_in(cl);
	else if (events & (POLLHUP | POLLERR | POLLNVAL))
		drop_client(cl);
	if (cl->fd >= 0)
		run_next(m, cl);
	if (cl->fd >= 0 && !cl->waiting && m->phase < MASTER_STOPPING &&
	    clock_now_ms() - cl->idle_ms > CONTROL_IDLE_MS)
		drop_client(cl);
}

void
control_events(struct master *m, const struct pollfd *fds)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (m->control.clients[i].fd >= 0)
			client_events(m, &m->control.clients[i], fds[1 + i].revents);
	if (fds[0].revents != 0)
		accept_client(&m->control);
}
