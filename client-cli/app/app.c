/*
 * app.c - what the commands share: a profile, one connection, one exit code.
 */
#include "client-cli/app/app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-cli/app/known_servers.h"
#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "protocol/error.h"
#include "protocol/wire.h"

#define REQUEST_MS_DEFAULT	20000
#define DRAIN_SECONDS		2

/* -- failures ------------------------------------------------------------- */

/* Where the line of this server is, for those who may have to delete it. */
static void
tell_known_line(const struct app *app)
{
	char path[PATH_MAX];

	if (known_servers_path(path) < 0)
		snprintf(path, sizeof(path), "known_servers");
	say("If the new key is right, delete the line of %s from\n%s", app->address, path);
}

/* The expected key came with the URL, or is known from before: the two are wrong for
 * different reasons. */
static void
tell_changed_key(const struct app *app, const char *shown)
{
	if (app->key_in_url) {
		say("%s: the server's key is not the one in the URL\n"
		    "  in the URL  %s\n"
		    "  shown       %s\n"
		    "Nothing was sent. Copy the URL again, whole, or ask for a new one. If it was\n"
		    "copied right, somebody intercepts the connection.",
		    app->address, app->url.key, shown);
		return;
	}
	say("%s: THE SERVER'S KEY IS NOT THE ONE YOU KNOW\n"
	    "  known  %s\n"
	    "  shown  %s\n"
	    "Either somebody intercepts the connection, or the server was set up again.\n"
	    "Nothing was sent. Ask the server's administrator for its fingerprint.",
	    app->address, app->url.key, shown);
	tell_known_line(app);
}

static void
tell_wrong_url(const struct app *app, const char *known)
{
	say("%s: the key in the URL is not the one you know of this server\n"
	    "  known       %s\n"
	    "  in the URL  %s\n"
	    "Nothing was sent. Either the URL was not copied right, or the server was set up\n"
	    "again: ask its administrator for the fingerprint.",
	    app->address, known, app->url.key);
	tell_known_line(app);
}

/* NULL: there is none; or it needs more than a constant: app_hint(). */
static const char *
fixed_hint(const struct kith_failure *why)
{
	switch (why->code) {
	case KITH_L_CONNECT:
		return "is the server running, and is the address right?";
	case KITH_L_KEY_CHANGED:
		return "ask the server's administrator for its fingerprint; kith says at its "
		    "start what to do with the old key";
	case KITH_E_NOT_MEMBER:
		return "join it first: kith group join NAME";
	case KITH_E_INVITE_INVALID:
		return "ask for a new invite; if you joined already: kith login SERVER NAME";
	case KITH_E_NAME_INVALID:
	case KITH_E_NAME_TOO_LONG:
		return "a name has letters, digits, . _ -; no spaces; 1 to 32";
	case KITH_L_KEY_UNKNOWN:
		return "use the whole URL, with its #SHA256:... part; or run kith on a terminal, "
		    "to approve the key";
	default:
		return NULL;
	}
}

void
app_hint(const struct app *app, const struct kith_failure *why, char *out, size_t size)
{
	const char *fixed = fixed_hint(why);

	if (why->code != KITH_E_TOKEN_INVALID && why->code != KITH_E_REVOKED)
		snprintf(out, size, "%s", fixed != NULL ? fixed : "");
	else if (app->profile.user[0] != '\0')
		snprintf(out, size, "log in again: kith login %s %s", app->address,
		    app->profile.user);
	else
		snprintf(out, size, "log in again: kith login SERVER NAME");
}

void
app_fail(struct app *app, const char *what, const struct kith_failure *why)
{
	char address[KITH_ADDRESS_MAX], hint[512];

	if (app->finished)
		return;
	if (why->code == KITH_L_KEY_CHANGED) {
		tell_changed_key(app, kith_server_key(app->kith));
	} else {
		kith_url_address(&app->url, address);
		say("%s: %s", what != NULL ? what : address, why->text);
		app_hint(app, why, hint, sizeof(hint));
		if (hint[0] != '\0')
			say("hint: %s", hint);
	}
	app_finish(app, (int)why->exit);
}

void
app_finish(struct app *app, int rc)
{
	int first = !app->finished;

	if (first)
		app->rc = rc;
	app->finished = 1;
	if (first && app->leaving != NULL)
		app->leaving(app);
	event_base_loopbreak(app->base);
}

void
app_check(struct app *app, int rc)
{
	if (rc == 0 || app->finished)
		return;
	say("%s", rc == -EMSGSIZE ? "the request is too large, and was not sent" : strerror(-rc));
	app_finish(app, rc == -EMSGSIZE ? KITH_EXIT_LIMIT : KITH_EXIT_FAILED);
}

static void
put_result(struct app *app, const char *target, const char *result)
{
	struct out *o = &app->out;

	if (o->mode == OUT_TEXT)
		return;
	out_begin(o);
	out_text(o, "target", target);
	out_text(o, "result", result);
	out_end(o);
}

void
app_tell_result(struct app *app, const char *target, const char *result)
{
	app->done = result;
	put_result(app, target, result);
}

void
app_tell_refusal(struct app *app, const char *target, uint32_t code)
{
	put_result(app, target, kith_err_name(code));
}

/* -- the connection ------------------------------------------------------- */

static int
load_profile(struct app *app)
{
	const char *name = app->options->profile;
	int rc = profile_load(name, &app->profile);

	if (rc == 0)
		return 0;
	if (rc == -ENOENT) {
		say("%s: no such profile, or it is logged out", name);
		say("hint: kith join URL --name NAME makes an account with an invite;\n"
		    "      kith login SERVER NAME uses one that exists");
		return KITH_EXIT_LOGIN;
	}
	if (rc == -EINVAL)
		say("profile %s: its file is malformed: it needs server = HOST:PORT and "
		    "user = NAME", name);
	else if (rc == -ENXIO)
		say("profile %s: there is no home folder to look in: set HOME", name);
	else
		say("profile %s: cannot read its files (%s.conf, %s.token): %s", name, name, name,
		    strerror(-rc));
	return KITH_EXIT_FAILED;
}

int
app_find_key(struct app *app)
{
	char known[sizeof(app->url.key)];

	kith_url_address(&app->url, app->address);
	app->key_in_url = app->url.key[0] != '\0';
	if (app->url.plain || known_servers_find(app->address, known, app->next_key) < 0)
		return 0;
	if (app->url.key[0] != '\0' && strcmp(app->url.key, known) != 0 &&
	    strcmp(app->url.key, app->next_key) != 0) {
		tell_wrong_url(app, known);
		return KITH_EXIT_KEY;
	}
	app->key_in_url = 0;
	memcpy(app->url.key, known, sizeof(known));
	return 0;
}

int
app_load(struct app *app)
{
	struct kith_url other;
	const char *why;
	int rc = load_profile(app);

	if (rc != 0)
		return rc;
	/* The option --server is another way to the same server: the key stays that of
	 * the profile's address. */
	app->url = app->profile.url;
	if ((rc = app_find_key(app)) != 0 || app->options->server == NULL)
		return rc;
	if (kith_url_parse(app->options->server, &other, &why) < 0)
		return say_usage("%s: %s", app->options->server, why);
	memcpy(app->url.host, other.host, sizeof(other.host));
	app->url.port = other.port;
	app->url.plain = other.plain;
	return 0;
}

/* Shows the unknown key and asks, as ssh does. */
static int
approve_key(struct app *app, const char *key)
{
	char answer[16] = "";
	int rc;

	fprintf(stderr, "The key of %s is not known yet:\n\n  %s\n\n"
	    "Is this the fingerprint that the server's administrator gave you? [yes/no] ",
	    app->address, key);
	if (fgets(answer, sizeof(answer), stdin) == NULL || strncmp(answer, "yes", 3) != 0) {
		say("%s: key not approved; nothing was sent", app->address);
		return KITH_EXIT_KEY;
	}
	snprintf(app->url.key, sizeof(app->url.key), "%s", key);
	if ((rc = known_servers_set(app->address, key, "")) < 0)
		say("the key was not saved, kith will ask again: %s", strerror(-rc));
	return KITH_EXIT_DONE;
}

void
app_on_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct app *app = arg;

	(void)k;
	if (phase != KITH_ENDED)
		return;
	if (why->code == KITH_L_KEY_UNKNOWN && isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		app->key_asked = 1;
		event_base_loopbreak(app->base);
		return;
	}
	app_fail(app, NULL, why);
}

/* The server changed its key as it had said, or says what comes next. */
static void
keep_keys(struct kith *k, void *arg)
{
	struct app *app = arg;
	const char *key = kith_server_key(k), *next = kith_next_key(k);
	int rc;

	if (app->url.plain || app->key_in_url ||
	    (strcmp(key, app->url.key) == 0 && strcmp(next, app->next_key) == 0))
		return;
	snprintf(app->url.key, sizeof(app->url.key), "%s", key);
	snprintf(app->next_key, sizeof(app->next_key), "%s", next);
	if ((rc = known_servers_set(app->address, key, next)) < 0)
		say("the server's next key was not saved: %s", strerror(-rc));
}

static void
set_up_login(struct kith *k, const Kith__V1__LoggedIn *login, void *arg)
{
	struct app *app = arg;

	keep_keys(k, app);
	app->device = login->device;
	app->admin = login->admin;
	if (app->opened)
		return;
	app->opened = 1;
	if (app->ready != NULL)
		app->ready(app);
}

void
app_kith_options(struct app *app, struct kith_options *o)
{
	memset(o, 0, sizeof(*o));
	o->base = app->base;
	o->host = app->url.host;
	o->port = app->url.port;
	o->plain = app->url.plain;
	o->key = app->url.key;
	o->next_key = app->next_key;
	o->client = "kith " PACKAGE_VERSION;
	o->login.by = KITH_BY_TOKEN;
	o->login.token = app->profile.token;
	o->back = KITH_FROM_UNREAD;
	o->request_ms = REQUEST_MS_DEFAULT;
	o->hooks.phase = app_on_phase;
	o->hooks.logged_in = set_up_login;
	o->hooks.keys = keep_keys;
	o->arg = app;
}

void
app_killed(struct app *app, int number)
{
	if (app->finished)
		app->drain = 0;
	app_finish(app, 128 + number);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct app *app = arg;

	(void)what;
	if (number == SIGINT && app->interrupt != NULL && !app->finished)
		app->interrupt(app);
	else
		app_killed(app, (int)number);
}

/* Gives pending marks and messages a moment to arrive. */
static void
drain_pending(struct app *app)
{
	const struct timeval limit = { DRAIN_SECONDS, 0 };

	event_base_loopexit(app->base, &limit);
	while (app->drain && kith_pending(app->kith) > 0 && !event_base_got_exit(app->base))
		if (event_base_loop(app->base, EVLOOP_ONCE) != 0)
			break;
}

/* One login, from connect to close; the exit code. */
static int
run_once(struct app *app, const struct kith_options *o)
{
	char key[sizeof(app->url.key)];

	app->key_asked = 0;
	if ((app->kith = kith_create(o)) == NULL) {
		say("%s", strerror(ENOMEM));
		return KITH_EXIT_FAILED;
	}
	kith_start(app->kith);
	if (!app->finished)
		event_base_dispatch(app->base);
	if (app->finished && app->drain)
		drain_pending(app);
	if (app->finished && app->closing != NULL)
		app->closing(app);
	snprintf(key, sizeof(key), "%s", kith_server_key(app->kith));
	kith_destroy(app->kith);
	app->kith = NULL;
	return app->key_asked ? approve_key(app, key) : app->rc;
}

/* -- the reader of standard output ---------------------------------------- */

/* poll(2) tells an error of a pipe as something to read. A socket may have that, too. */
static void
on_output_changed(evutil_socket_t fd, short what, void *arg)
{
	struct pollfd output = { .fd = fd };
	struct app *app = arg;

	(void)what;
	if (app->finished || poll(&output, 1, 0) < 1)
		return;
	app->out.error = EPIPE;
	app_finish(app, KITH_EXIT_FAILED);
}

/* A program that follows may have nothing to write for hours: `kith tail | head -1`. */
static struct event *
watch_output(struct app *app)
{
	struct event *ev = NULL;
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		ev = event_new(app->base, STDOUT_FILENO, EV_READ, on_output_changed, app);
	if (ev != NULL)
		event_add(ev, NULL);
	return ev;
}

int
app_run(struct app *app, const struct kith_options *o)
{
	struct event *output = o->follow ? watch_output(app) : NULL;
	struct event *interrupt = evsignal_new(app->base, SIGINT, on_signal, app);
	struct event *terminate = evsignal_new(app->base, SIGTERM, on_signal, app);
	int rc = KITH_EXIT_FAILED;

	if (interrupt == NULL || terminate == NULL) {
		say("%s", strerror(ENOMEM));
		goto out;
	}
	event_add(interrupt, NULL);
	event_add(terminate, NULL);
	app->finished = app->opened = app->rc = 0;
	do {
		rc = run_once(app, o);
	} while (app->key_asked && rc == KITH_EXIT_DONE);
out:
	if (output != NULL)
		event_free(output);
	if (interrupt != NULL)
		event_free(interrupt);
	if (terminate != NULL)
		event_free(terminate);
	return rc;
}

int
app_simple(struct app *app, void (*ready)(struct app *app))
{
	struct kith_options o;
	int rc = app_load(app);

	if (rc != 0)
		return rc;
	app_kith_options(app, &o);
	app->ready = ready;
	return app_run(app, &o);
}

/* -- small helpers -------------------------------------------------------- */

Kith__V1__Event *
app_event_copy(const Kith__V1__Event *e)
{
	return (Kith__V1__Event *)wire_copy(&e->base);
}

const char *
app_without_sigil(const char *word, char sigil)
{
	return word[0] == sigil ? word + 1 : word;
}
