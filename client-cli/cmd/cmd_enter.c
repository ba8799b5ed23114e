/*
 * cmd_enter.c - join and login: how a profile gets its account.
 *
 * A person is asked in the order in which things can fail: the server and its key first,
 * then the name, the password last, and again only for what was wrong.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client-cli/app/known_servers.h"
#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd.h"
#include "client-cli/cmd/cmd_password.h"
#include "protocol/error.h"

#define LOGOUT_MS	5000
#define NAME_RULE	"letters, digits, . _ -; no spaces; 1 to 32"

struct enter {
	struct app	*app;
	struct kith_login login;
	int		 asked;		/* a person types the password */
	int		 name_asked;	/* ... and the name */
	uint32_t	 code;		/* why it ended */
	char		 name[NAME_BYTES_MAX + 2];
	char		 device[DEVICE_NAME_BYTES_MAX + 1];
	char		 password[SECRET_MAX];
	char		 old_token[TOKEN_CHARS + 1];	/* the profile's so far, or "" */
};

/* -- the account ---------------------------------------------------------- */

/* A profile is one account; another account needs another profile. */
static int
check_profile_free(struct enter *e, const char *name)
{
	const struct app *app = e->app;
	char address[KITH_ADDRESS_MAX];
	struct profile old;
	int same;

	if (profile_load(app->options->profile, &old) < 0)
		return 0;
	same = strcmp(old.url.host, app->url.host) == 0 && old.url.port == app->url.port &&
	    strcasecmp(old.user, name) == 0;
	if (same)
		memcpy(e->old_token, old.token, sizeof(e->old_token));
	explicit_bzero(old.token, sizeof(old.token));
	if (same)
		return 0;
	kith_url_address(&old.url, address);
	return say_usage("profile %s is already %s at %s: use -p OTHER, or log out first",
	    app->options->profile, old.user, address);
}

static void
tell_account(struct app *app)
{
	struct out *o = &app->out;

	app->done = "logged in";
	if (o->mode == OUT_TEXT) {
		printf("logged in as ");
		out_string(stdout, app->profile.user, OUT_WORD);
		printf(" at %s\n", app->address);
		if (isatty(STDERR_FILENO))
			say("now kith alone opens the chat (/help there); kith help lists the "
			    "commands");
		return;
	}
	out_begin(o);
	out_text(o, "target", app->profile.user);
	out_text(o, "result", "logged_in");
	out_text(o, "server", app->address);
	out_text(o, "profile", app->profile.name);
	out_end(o);
}

/* The account is there all the same, and an invite is used up. */
static void
tell_not_kept(const struct app *app, int rc)
{
	const struct profile *p = &app->profile;

	say("logged in as %s at %s, but profile %s could not be written: %s", p->user,
	    app->address, p->name, strerror(-rc));
	say("hint: once it can, log in again: kith login %s %s", app->address, p->user);
}

static void
on_account(struct kith *k, const Kith__V1__LoggedIn *login, void *arg)
{
	struct app *app = arg;
	struct profile *p = &app->profile;
	int rc;

	snprintf(p->name, sizeof(p->name), "%s", app->options->profile);
	snprintf(p->user, sizeof(p->user), "%s", login->name);
	snprintf(p->token, sizeof(p->token), "%s", login->token);
	p->url = app->url;
	rc = app->url.plain ? 0 : known_servers_set(app->address, kith_server_key(k),
	    kith_next_key(k));
	if (rc < 0 || (rc = profile_save(p)) < 0) {
		tell_not_kept(app, rc);
		app_finish(app, KITH_EXIT_FAILED);
		return;
	}
	tell_account(app);
	app_finish(app, KITH_EXIT_DONE);
}

/* -- the profile's earlier device ----------------------------------------- */

static void
on_earlier_logged_out(struct kith *k, const struct kith_failure *why,
    const Kith__V1__Reply *reply, void *arg)
{
	(void)k;
	(void)reply;
	app_finish(arg, why == NULL ? KITH_EXIT_DONE : (int)why->exit);
}

static void
earlier_ready(struct app *app)
{
	app_check(app, kith_logout(app->kith, on_earlier_logged_out, app));
}

/* A token that the server no longer accepts needs no revoking. */
static void
on_earlier_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	(void)k;
	if (phase == KITH_ENDED)
		app_finish(arg, why->code == KITH_E_TOKEN_INVALID || why->code == KITH_E_REVOKED ?
		    KITH_EXIT_DONE : (int)why->exit);
}

/* Nobody has its token any more, now that the new one is on disk. */
static void
log_earlier_out(struct enter *e)
{
	struct app *app = e->app;
	struct kith_options o;

	app_kith_options(app, &o);
	o.login.token = e->old_token;
	o.request_ms = LOGOUT_MS;
	o.hooks.phase = on_earlier_phase;
	app->ready = earlier_ready;
	if (app_run(app, &o) != KITH_EXIT_DONE)
		say("the earlier login of this profile is still valid: kith sessions revoke ends "
		    "it");
	app->ready = NULL;
}

/* -- what can fail -------------------------------------------------------- */

static int
is_name_refused(uint32_t code)
{
	return code == KITH_E_NAME_TAKEN || code == KITH_E_NAME_INVALID ||
	    code == KITH_E_NAME_RESERVED || code == KITH_E_NAME_TOO_LONG;
}

static void
tell_refusal(struct enter *e, const struct kith_failure *why)
{
	const char *what = NULL;

	if (is_name_refused(why->code) || why->code == KITH_E_AUTH_FAILED)
		what = e->login.name;
	else if (why->code == KITH_E_INVITE_INVALID)
		what = "the invite";
	else if (why->code == KITH_E_PASSWORD_WEAK)
		what = "the password";
	app_fail(e->app, what, why);
	if (why->code == KITH_E_NAME_TAKEN)
		say("hint: choose another one; if it is yours: kith login %s %s", e->app->address,
		    e->login.name);
	else if (why->code == KITH_E_PASSWORD_WEAK)
		say("hint: a password has %u to %u bytes", PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX);
}

static void
on_enter_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct app *app = arg;
	struct enter *e = app->data;

	if (phase == KITH_READY &&
	    (e->login.by == KITH_BY_NOTHING || e->login.by == KITH_BY_CHECKING))
		app_finish(app, KITH_EXIT_DONE);
	if (phase == KITH_ENDED)
		e->code = why->code;
	if (phase == KITH_ENDED && why->exit != KITH_EXIT_OFFLINE &&
	    why->exit != KITH_EXIT_KEY)
		tell_refusal(e, why);
	else
		app_on_phase(k, phase, why, arg);
}

/* One connection. The exit code. */
static int
run_enter(struct enter *e, enum kith_login_by by)
{
	struct kith_options o;
	enum kith_login_by before = e->login.by;
	int rc;

	e->code = KITH_E_OK;
	e->login.by = by;
	app_kith_options(e->app, &o);
	o.login = e->login;
	o.hooks.phase = on_enter_phase;
	o.hooks.logged_in = on_account;
	e->app->data = e;
	rc = app_run(e->app, &o);
	e->login.by = before;
	return rc;
}

/* -- asking --------------------------------------------------------------- */

static int
ask_name(struct enter *e)
{
	do {
		fputs("Name (" NAME_RULE "): ", stderr);
		if (fgets(e->name, sizeof(e->name), stdin) == NULL)
			return KITH_EXIT_INTERRUPTED;
		e->name[strcspn(e->name, "\n")] = '\0';
	} while (e->name[0] == '\0');
	e->login.name = e->name;
	return 0;
}

/* The server, its key, the invite, and the name; nothing is made. 0 or an exit code. */
static int
probe(struct enter *e)
{
	int tries = CMD_PASSWORD_TRIES, rc;

	if (e->login.by == KITH_BY_PASSWORD)
		return run_enter(e, KITH_BY_NOTHING);
	rc = run_enter(e, KITH_BY_CHECKING);
	while (rc == 0 && e->name_asked) {
		if ((rc = ask_name(e)) != 0)
			return rc;
		rc = run_enter(e, KITH_BY_CHECKING);
		if (!is_name_refused(e->code) || --tries == 0)
			return rc;
		rc = 0;
	}
	return rc;
}

static int
get_password(struct enter *e)
{
	const struct secret_source *source = &e->app->options->password;

	return e->login.by == KITH_BY_REGISTERING ?
	    cmd_password_get_new(source, "Password", e->password) :
	    cmd_password_get(source, "Password", e->password);
}

/* Asks again for what was wrong alone. */
static int
enter_with_password(struct enter *e)
{
	int tries = e->asked ? CMD_PASSWORD_TRIES : 1, rc;

	if ((rc = get_password(e)) != 0)
		return rc;
	e->login.password = e->password;
	while ((rc = run_enter(e, e->login.by)) != 0 && --tries > 0) {
		int again = rc;

		if (e->name_asked && is_name_refused(e->code))
			again = ask_name(e);
		else if (e->code == KITH_E_AUTH_FAILED || e->code == KITH_E_PASSWORD_WEAK)
			again = get_password(e);
		if (again != 0)
			return again;
	}
	return rc;
}

static int
enter_account(struct enter *e)
{
	struct app *app = e->app;
	int rc = app_find_key(app);

	if (rc != 0 || (!e->name_asked && (rc = check_profile_free(e, e->login.name)) != 0))
		return rc;
	gethostname(e->device, sizeof(e->device) - 1);
	e->login.device = e->device;
	e->asked = cmd_password_is_asked(&app->options->password);
	if (e->asked && ((rc = cmd_password_check_terminal()) != 0 || (rc = probe(e)) != 0))
		return rc;
	if (!e->asked && e->name_asked && (rc = ask_name(e)) != 0)
		return rc;
	if (e->name_asked && (rc = check_profile_free(e, e->login.name)) != 0)
		return rc;
	rc = enter_with_password(e);
	explicit_bzero(e->password, sizeof(e->password));
	if (rc == KITH_EXIT_DONE && e->old_token[0] != '\0')
		log_earlier_out(e);
	explicit_bzero(e->old_token, sizeof(e->old_token));
	return rc;
}

/* -- the commands --------------------------------------------------------- */

static int
parse_server(struct app *app)
{
	const char *why;

	if (kith_url_parse(app->argv[0], &app->url, &why) < 0)
		return say_usage("%s: %s", app->argv[0], why);
	return 0;
}

int
cmd_enter_join(struct app *app)
{
	struct enter e = { .app = app, .login = { .by = KITH_BY_REGISTERING } };
	int rc = parse_server(app);

	if (rc != 0)
		return rc;
	e.login.name = app->options->name;
	e.login.invite = app->url.invite;
	e.name_asked = e.login.name == NULL;
	if (e.name_asked && !isatty(STDIN_FILENO))
		return say_usage("--name NAME is missing: the name of your new account");
	if (!e.name_asked && e.login.name[0] == '\0')
		return say_usage("the name is empty");
	return enter_account(&e);
}

int
cmd_enter_login(struct app *app)
{
	struct enter e = { .app = app, .login = { .by = KITH_BY_PASSWORD } };
	int rc = parse_server(app);

	if (rc != 0)
		return rc;
	e.login.name = app_without_sigil(app->argv[1], '@');
	return enter_account(&e);
}
