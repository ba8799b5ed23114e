/*
 * net_lookup.c - a host's addresses, without making the loop wait.
 */
#include "client-cli/libkith/net_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

/* What the thread and the loop share; the last of the two frees it. */
struct lookup_job {
	atomic_int	 holders;
	char		*host;
	char		 port[8];
	int		 done;		/* eventfd: the thread has filled in the rest */
	int		 error;		/* of getaddrinfo() */
	struct addrinfo	*found;
};

struct net_lookup {
	struct lookup_job *job;
	struct event	 ready;
	net_lookup_fn	 fn;
	void		*arg;
};

static const struct addrinfo any_stream = { .ai_socktype = SOCK_STREAM };

struct addrinfo *
net_lookup_number(const char *host, uint16_t port)
{
	struct addrinfo want = any_stream, *found;
	char text[8];

	want.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	snprintf(text, sizeof(text), "%u", (unsigned)port);
	return getaddrinfo(host, text, &want, &found) == 0 ? found : NULL;
}

/* -- the job -------------------------------------------------------------- */

static void
job_release(struct lookup_job *job)
{
	if (atomic_fetch_sub(&job->holders, 1) > 1)
		return;
	if (job->found != NULL)
		freeaddrinfo(job->found);
	if (job->done >= 0)
		close(job->done);
	free(job->host);
	free(job);
}

static struct lookup_job *
job_create(const char *host, uint16_t port)
{
	struct lookup_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	atomic_init(&job->holders, 1);
	snprintf(job->port, sizeof(job->port), "%u", (unsigned)port);
	job->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->done < 0 || (job->host = strdup(host)) == NULL) {
		job_release(job);
		return NULL;
	}
	return job;
}

/* No AI_ADDRCONFIG: it rules out an address family by the machine's other interfaces,
 * and then neither 127.0.0.1 nor localhost can be reached. Trying costs nothing. */
static void *
run_lookup(void *arg)
{
	struct lookup_job *job = arg;
	uint64_t one = 1;

	job->error = getaddrinfo(job->host, job->port, &any_stream, &job->found);
	if (job->error != 0)
		job->found = NULL;
	(void)!write(job->done, &one, sizeof(one));	/* an eventfd takes 8 bytes */
	job_release(job);
	return NULL;
}

/* Signals stay with the loop's thread. 0 or a negative errno. */
static int
start_thread(struct lookup_job *job)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int rc;

	if ((rc = pthread_attr_init(&attr)) != 0)
		return -rc;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_fetch_add(&job->holders, 1);
	rc = pthread_create(&thread, &attr, run_lookup, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		job_release(job);
	return -rc;
}

/* -- the loop's side ------------------------------------------------------ */

static const char *
lookup_reason(int error)
{
	switch (error) {
	case EAI_NONAME:
	case EAI_NODATA:
		return "the host name is unknown";
	case EAI_AGAIN:
		return "the name server does not answer";
	default:
		return gai_strerror(error);
	}
}

void
net_lookup_give_up(struct net_lookup *l)
{
	if (l == NULL)
		return;
	event_del(&l->ready);
	job_release(l->job);
	free(l);
}

static void
on_looked_up(evutil_socket_t fd, short what, void *arg)
{
	struct net_lookup *l = arg;
	struct addrinfo *found = l->job->found;
	const char *why = lookup_reason(l->job->error);
	net_lookup_fn fn = l->fn;
	void *fn_arg = l->arg;

	(void)fd;
	(void)what;
	l->job->found = NULL;
	net_lookup_give_up(l);
	fn(fn_arg, found, why);
}

struct net_lookup *
net_lookup_start(struct event_base *base, const char *host, uint16_t port, net_lookup_fn fn,
    void *arg)
{
	struct net_lookup *l = calloc(1, sizeof(*l));
	int rc;

	if (l == NULL)
		return NULL;
	if ((l->job = job_create(host, port)) == NULL) {
		free(l);
		return NULL;
	}
	l->fn = fn;
	l->arg = arg;
	event_assign(&l->ready, base, l->job->done, EV_READ, on_looked_up, l);
	event_add(&l->ready, NULL);
	if ((rc = start_thread(l->job)) < 0) {
		net_lookup_give_up(l);
		errno = -rc;
		return NULL;
	}
	return l;
}
