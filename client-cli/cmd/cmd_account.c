/*
 * cmd_account.c - accounts and devices: join, login, logout, whoami, passwd,
 * sessions.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-cli/app/known_servers.h"
#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/app/secret.h"
#include "client-cli/cmd/cmd_verb.h"
#include "protocol/error.h"

/* -- passwords ------------------------------------------------------------ */

/* 0 or an exit code. */
static int
get_secret(const struct secret_source *source, const char *prompt, const char *again,
    char out[SECRET_MAX])
{
	int rc = secret_read(source, prompt, again, out);

	switch (rc) {
	case 0:
		return 0;
	case -ENOTTY:
		return say_usage("no terminal to ask for the password: use --password-file, "
		    "--password-fd or --password-command");
	case -EINTR:
		return KITH_EXIT_INTERRUPTED;
	case -ECANCELED:
		return say_usage("the two passwords differ: nothing was sent");
	case -EINVAL:
		return say_usage("the password is empty, or given by two options, "
		    "or its descriptor is not a number");
	case -E2BIG:
		return say_usage("the password is too long: at most %u bytes", PASSWORD_BYTES_MAX);
	case -EPIPE:
		return say_usage("the password command failed");
	default:
		return say_usage("password: %s", strerror(-rc));
	}
}

/* -- join and login ------------------------------------------------------- */

/* A profile is one account; another account needs another profile. */
static int
check_profile_free(const struct app *app, const char *name)
{
	char address[KITH_ADDRESS_MAX];
	struct profile old;
	int same;

	if (profile_load(app->options->profile, &old) < 0)
		return 0;
	explicit_bzero(old.token, sizeof(old.token));
	same = strcmp(old.url.host, app->url.host) == 0 && old.url.port == app->url.port &&
	    strcasecmp(old.user, name) == 0;
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

static void
on_account(struct kith *k, const Kith__V1__LoggedIn *login, void *arg)
{
	struct app *app = arg;
	struct profile *p = &app->profile;
	int rc;

	(void)k;
	snprintf(p->name, sizeof(p->name), "%s", app->options->profile);
	snprintf(p->user, sizeof(p->user), "%s", login->name);
	snprintf(p->token, sizeof(p->token), "%s", login->token);
	p->url = app->url;
	rc = app->url.plain ? 0 : known_servers_add(app->address, app->url.key);
	if (rc < 0 || (rc = profile_save(p)) < 0) {
		say("profile %s: %s", p->name, strerror(-rc));
		app_finish(app, KITH_EXIT_FAILED);
		return;
	}
	tell_account(app);
	app_finish(app, KITH_EXIT_DONE);
}

static int
enter_account(struct app *app, struct kith_login *login, const char *again)
{
	char password[SECRET_MAX], device[65] = "";
	struct kith_options o;
	int rc = app_find_key(app);

	if (rc != 0 || (rc = check_profile_free(app, login->name)) != 0)
		return rc;
	if ((rc = get_secret(&app->options->password, "Password", again, password)) != 0)
		return rc;
	gethostname(device, sizeof(device) - 1);
	login->password = password;
	login->device = device;
	app_kith_options(app, &o);
	o.login = *login;
	o.hooks.logged_in = on_account;
	rc = app_run(app, &o);
	explicit_bzero(password, sizeof(password));
	return rc;
}

static int
parse_server(struct app *app)
{
	const char *why;

	if (kith_url_parse(app->argv[0], &app->url, &why) < 0)
		return say_usage("%s: %s", app->argv[0], why);
	return 0;
}

/* The name from the option, or typed. 0 or an exit code. */
static int
get_name(const struct app *app, char *out, size_t size)
{
	out[0] = '\0';
	if (app->options->name != NULL) {
		snprintf(out, size, "%s", app->options->name);
	} else if (!isatty(STDIN_FILENO)) {
		return say_usage("--name NAME is missing: the name of your new account");
	} else {
		fputs("Name: ", stderr);
		if (fgets(out, (int)size, stdin) == NULL)
			return KITH_EXIT_INTERRUPTED;
		out[strcspn(out, "\n")] = '\0';
	}
	return out[0] != '\0' ? 0 : say_usage("the name is empty");
}

int
cmd_account_join(struct app *app)
{
	struct kith_login login = { .by = KITH_BY_REGISTERING };
	char name[NAME_BYTES_MAX + 2];
	int rc = parse_server(app);

	if (rc != 0 || (rc = get_name(app, name, sizeof(name))) != 0)
		return rc;
	login.name = name;
	login.invite = app->url.invite;
	return enter_account(app, &login, "Again");
}

int
cmd_account_login(struct app *app)
{
	struct kith_login login = { .by = KITH_BY_PASSWORD };
	int rc = parse_server(app);

	if (rc != 0)
		return rc;
	login.name = app_without_sigil(app->argv[1], '@');
	return enter_account(app, &login, NULL);
}

/* -- logout --------------------------------------------------------------- */

static void
forget_profile(struct app *app)
{
	int rc = profile_forget(app->profile.name);

	if (rc < 0)
		say("profile %s: %s", app->profile.name, strerror(-rc));
	else
		app_tell_result(app, app->profile.user, "logged_out");
	app_finish(app, rc < 0 ? KITH_EXIT_FAILED : KITH_EXIT_DONE);
}

static void
on_logout(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	(void)k;
	(void)reply;
	if (why != NULL)
		app_fail(arg, "logout", why);
	else
		forget_profile(arg);
}

static void
logout_ready(struct app *app)
{
	app_check(app, kith_logout(app->kith, on_logout, app));
}

/* A token that the server no longer accepts needs no revoking. */
static void
on_logout_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	if (phase == KITH_ENDED &&
	    (why->code == KITH_E_TOKEN_INVALID || why->code == KITH_E_REVOKED))
		forget_profile(arg);
	else
		app_on_phase(k, phase, why, arg);
}

int
cmd_account_logout(struct app *app)
{
	struct kith_options o;
	int rc = app_load(app);

	if (rc != 0)
		return rc;
	app_kith_options(app, &o);
	o.hooks.phase = on_logout_phase;
	app->ready = logout_ready;
	return app_run(app, &o);
}

/* -- whoami --------------------------------------------------------------- */

static void
whoami_ready(struct app *app)
{
	struct out *o = &app->out;

	out_begin(o);
	out_text(o, "name", app->profile.user);
	out_text(o, "server", app->address);
	out_number(o, "device", app->device);
	out_flag(o, "admin", app->admin);
	out_text(o, "profile", app->profile.name);
	out_details(o);
	out_text(o, "key", kith_server_key(app->kith));
	out_end(o);
	app_finish(app, KITH_EXIT_DONE);
}

int
cmd_account_whoami(struct app *app)
{
	return app_simple(app, whoami_ready);
}

/* -- passwd --------------------------------------------------------------- */

struct passwords {
	char	old[SECRET_MAX], new[SECRET_MAX];
};

static void
on_password_changed(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;

	(void)k;
	(void)reply;
	if (why != NULL) {
		app_fail(app, "the password is unchanged", why);
		return;
	}
	app_tell_result(app, app->profile.user, "changed");
	app_finish(app, KITH_EXIT_DONE);
}

static void
passwd_ready(struct app *app)
{
	struct passwords *p = app->data;

	app_check(app, kith_change_password(app->kith, p->old, p->new, on_password_changed, app));
}

int
cmd_account_passwd(struct app *app)
{
	const struct options *o = app->options;
	struct passwords p;
	int rc;

	memset(&p, 0, sizeof(p));
	if ((rc = get_secret(&o->password, "Old password", NULL, p.old)) == 0 &&
	    (rc = get_secret(&o->new_password, "New password", "Again", p.new)) == 0) {
		app->data = &p;
		rc = app_simple(app, passwd_ready);
	}
	explicit_bzero(&p, sizeof(p));
	return rc;
}

/* -- sessions ------------------------------------------------------------- */

static void
on_sessions(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct app *app = arg;
	struct out *o = &app->out;

	(void)k;
	if (why != NULL) {
		app_fail(app, NULL, why);
		return;
	}
	for (size_t i = 0; i < reply->sessions->n_sessions; i++) {
		const Kith__V1__Session *s = reply->sessions->sessions[i];

		if (s->hook != 0)
			continue;		/* `hook list` has it */
		out_begin(o);
		out_number(o, "device", s->device);
		out_text(o, "name", s->device_name);
		out_time(o, "created", s->created_ms);
		out_time(o, "used", s->used_ms);
		out_flag(o, "online", s->online);
		out_flag(o, "current", s->current);
		out_end(o);
	}
	app_finish(app, KITH_EXIT_DONE);
}

static void
sessions_ready(struct app *app)
{
	app_check(app, kith_list_sessions(app->kith, on_sessions, app));
}

/* -- sessions revoke ------------------------------------------------------ */

static uint64_t
device_number(const struct app *app)
{
	char *end;
	uint64_t device = strtoull(app->argv[1], &end, 10);

	return *end == '\0' ? device : 0;
}

static int
read_device_number(struct app *app)
{
	return device_number(app) != 0 ? 0 :
	    say_usage("%s: not a device's number (kith sessions lists them)", app->argv[1]);
}

static void
on_device_revoked(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;

	(void)k;
	(void)reply;
	if (why != NULL) {
		app_fail(app, app->argv[1], why);
		return;
	}
	app_tell_result(app, app->argv[1], "revoked");
	app_finish(app, KITH_EXIT_DONE);
}

static void
revoke_ready(struct app *app)
{
	app_check(app, kith_revoke_session(app->kith, device_number(app), on_device_revoked, app));
}

const struct cmd_verb cmd_account_session_verbs[] = {
	{ "list", "", 0, 0, "",
	    "list the devices that are logged in", NULL, sessions_ready },
	{ "revoke", "DEVICE", 1, 1, "",
	    "log one out", read_device_number, revoke_ready },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL, NULL },
};
