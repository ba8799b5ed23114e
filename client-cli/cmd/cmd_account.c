/*
 * cmd_account.c - an account and its devices: logout, whoami, passwd, sessions.
 */
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd_password.h"
#include "client-cli/cmd/cmd_verb.h"
#include "protocol/error.h"

/* -- logout --------------------------------------------------------------- */

static void
forget_profile(struct app *app)
{
	int rc = profile_forget(app->profile.name);

	if (rc < 0)
		say("the login was revoked at %s, but files of profile %s stay on the disk: %s",
		    app->address, app->profile.name, strerror(-rc));
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
	int	asked;			/* a person types the old one */
	int	wrong;			/* the old one is */
};

static void
on_password_changed(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	struct passwords *p = app->data;

	(void)k;
	(void)reply;
	p->wrong = why != NULL && why->code == KITH_E_AUTH_FAILED;
	if (p->wrong) {
		say("the old password is wrong: nothing was changed");
		app_finish(app, (int)why->exit);
	} else if (why != NULL) {
		app_fail(app, "the password is unchanged", why);
	} else {
		app_tell_result(app, app->profile.user, "changed");
		app_finish(app, KITH_EXIT_DONE);
	}
}

static void
passwd_ready(struct app *app)
{
	struct passwords *p = app->data;

	app_check(app, kith_change_password(app->kith, p->old, p->new, on_password_changed, app));
}

static void
logged_in_ready(struct app *app)
{
	app_finish(app, KITH_EXIT_DONE);
}

/* What can fail without the passwords fails before somebody types them. */
static int
change_password(struct app *app, struct passwords *p)
{
	const struct options *o = app->options;
	int rc, tries = p->asked ? CMD_PASSWORD_TRIES : 1;

	if (p->asked && ((rc = cmd_password_check_terminal()) != 0 ||
	    (rc = app_simple(app, logged_in_ready)) != 0))
		return rc;
	do {
		if ((rc = cmd_password_get(&o->password, "Old password", p->old)) != 0 ||
		    (p->new[0] == '\0' && (rc = cmd_password_get_new(&o->new_password,
		    "New password", p->new)) != 0))
			return rc;
		app->data = p;
		rc = app_simple(app, passwd_ready);
	} while (p->wrong && --tries > 0);
	return rc;
}

int
cmd_account_passwd(struct app *app)
{
	struct passwords p;
	int rc;

	memset(&p, 0, sizeof(p));
	p.asked = cmd_password_is_asked(&app->options->password);
	rc = change_password(app, &p);
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

uint64_t
cmd_account_number(const struct app *app)
{
	char *end;
	uint64_t device = strtoull(app->argv[1], &end, 10);

	return *end == '\0' ? device : 0;
}

static int
read_device_number(struct app *app)
{
	return cmd_account_number(app) != 0 ? 0 :
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

void
cmd_account_revoke(struct app *app)
{
	app_check(app, kith_revoke_session(app->kith, cmd_account_number(app), on_device_revoked,
	    app));
}

const struct cmd_verb cmd_account_session_verbs[] = {
	{ "list", "", 0, 0, "",
	    "list the devices that are logged in", NULL, sessions_ready },
	{ "revoke", "DEVICE", 1, 1, "",
	    "log one out", read_device_number, cmd_account_revoke },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL, NULL },
};
