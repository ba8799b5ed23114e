/*
 * control_cmd.c - the commands of the admin socket, one row each.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "protocol/base/clock.h"
#include "protocol/error.h"
#include "protocol/limits.h"
#include "protocol/oneof.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/master/check.h"
#include "server/master/control.h"
#include "server/master/invite.h"
#include "server/master/master_int.h"
#include "server/proc/proc_health.h"

typedef json_t *command(struct master *m, uint64_t client, const json_t *request);

static json_t *
error_of(uint32_t code, const char *text)
{
	return control_error(kith_err_exit(code), text && *text ? text : kith_err_text(code));
}

static json_t *
bad_request(const json_error_t *e)
{
	return control_error(2, e->text);
}

/* -- what the server is doing --------------------------------------------- */

static json_t *
process_row(struct master *m, unsigned slot, uint64_t now)
{
	const struct proc_slot *s = &m->shared.slots[slot];
	enum role role = proc_slot_role(&m->shared, slot);
	uint64_t beat = slot == m->self.slot ? now : atomic_load(&s->beat_ms);

	return json_pack("{s:s, s:i, s:I, s:I, s:b, s:s, s:I}",
	    "role", proc_role_name(role),
	    "index", (int)(slot - m->shared.first[role]),
	    "pid", (json_int_t)atomic_load(&s->pid),
	    "restarts", (json_int_t)atomic_load(&s->restarts),
	    "ready", atomic_load(&s->ready) != 0,
	    "health", proc_health_name(proc_health_get(&m->shared, slot)),
	    "beat_age_ms", (json_int_t)(now > beat ? now - beat : 0));
}

static json_t *
processes(struct master *m)
{
	json_t *rows = json_array();
	uint64_t now = clock_now_ms();

	for (unsigned i = 0; i < m->shared.nslots; i++)
		json_array_append_new(rows, process_row(m, i, now));
	return rows;
}

static json_t *
stats(struct master *m)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < STAT_COUNT; i++)
		json_object_set_new(all, stats_name[i], json_integer((json_int_t)
		    stats_sum(m->shared.stats, m->shared.nslots, (enum stat_id)i)));
	return all;
}

static void
add_problem(void *list, const char *line)
{
	json_array_append_new(list, json_string(line));
}

/* Empty: everything works. */
static json_t *
problems(struct master *m)
{
	json_t *list = json_array();

	proc_health_all(&m->shared, add_problem, list);
	return list;
}

static json_t *
addresses(struct master *m)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->listeners.n; i++)
		json_array_append_new(list, json_string(m->listeners.at[i].text));
	return list;
}

/* What the last start or reload noted, and what the log cannot tell itself. */
static json_t *
warnings(const struct master *m)
{
	uint64_t failed = stats_sum(m->shared.stats, m->shared.nslots, STAT_log_failed);
	bool failing = stats_sum(m->shared.stats, m->shared.nslots, STAT_log_failing) != 0;
	json_t *list = json_array();
	char line[PROC_HEALTH_LINE_MAX];

	for (unsigned i = 0; i < m->notes.n; i++)
		json_array_append_new(list, json_string(m->notes.text[i]));
	if (!proc_health_log(&m->shared, line, sizeof(line)))
		json_array_append_new(list, json_sprintf("%s: lines of the log are lost", line));
	if (m->pid_file != STATE_PATH_OURS)
		json_array_append_new(list, json_sprintf("pid_file: %s: %s", m->conf->pid_file,
		    m->pid_file == STATE_PATH_GONE ? "it was removed, and cannot be written again" :
		    "another file has its name: remove it"));
	if (failing)
		json_array_append_new(list, json_sprintf("log_file: %s cannot be written or "
		    "opened (%" PRIu64 " times)", m->conf->log_file, failed));
	return list;
}

static void
print_day(int64_t at_s, char *day, size_t cap)
{
	time_t at = (time_t)at_s;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(day, cap, "%Y-%m-%d", &tm) == 0)
		snprintf(day, cap, "?");
}

static json_t *
cmd_status(struct master *m, uint64_t client, const json_t *request)
{
	json_t *wrong = problems(m);
	char ends[32];

	(void)client;
	(void)request;
	print_day(m->certificate_end_s, ends, sizeof(ends));
	return json_pack("{s:b, s:o, s:s, s:s, s:s*, s:s, s:s, s:o, s:I, s:s, s:o, s:I, s:I, s:o, "
	    "s:o}",
	    "ready", m->ops->has_started(m) && json_array_size(wrong) == 0,
	    "problems", wrong,
	    "version", PACKAGE_VERSION,
	    "server_name", m->conf->server_name,
	    "config", m->conf->file,
	    "state_dir", m->conf->state_dir,
	    "certificate_ends", ends,
	    "warnings", warnings(m),
	    "uptime_s", (json_int_t)((clock_now_ms() - m->started_ms) / 1000),
	    "fingerprint", m->fingerprint,
	    "listen", addresses(m),
	    "sessions", (json_int_t)registry_sessions(&m->shared.registry),
	    "users_online", (json_int_t)registry_users(&m->shared.registry),
	    "processes", processes(m),
	    "stats", stats(m));
}

static json_t *
cmd_stats(struct master *m, uint64_t client, const json_t *request)
{
	(void)client;
	(void)request;
	return json_pack("{s:o}", "stats", stats(m));
}

static int
add_session(uint64_t user, const struct registry_session *s, void *arg)
{
	/* Workers write the names: not trusted to end, nor to be text. */
	char name[4 * sizeof(s->name) + 1];

	log_escape(name, sizeof(name), s->name, strnlen(s->name, sizeof(s->name)));
	return json_array_append_new(arg, json_pack("{s:I, s:s, s:i, s:I, s:I, s:b}",
	    "user", (json_int_t)user, "name", name,
	    "worker", (int)s->worker, "device", (json_int_t)s->device,
	    "since_ms", (json_int_t)s->since_ms, "admin", s->admin != 0));
}

static json_t *
cmd_sessions(struct master *m, uint64_t client, const json_t *request)
{
	json_t *rows = json_array();

	(void)client;
	(void)request;
	if (registry_walk(&m->shared.registry, add_session, rows) < 0) {
		json_decref(rows);
		return error_of(KITH_E_INTERNAL, NULL);
	}
	return json_pack("{s:o}", "sessions", rows);
}

/* -- life ----------------------------------------------------------------- */

static json_t *
cmd_stop(struct master *m, uint64_t client, const json_t *request)
{
	(void)client;
	(void)request;
	m->ops->stop(m);
	return json_pack("{s:I}", "pid", (json_int_t)atomic_load(&m->shared.slots[0].pid));
}

static json_t *
cmd_reload(struct master *m, uint64_t client, const json_t *request)
{
	char err[512];

	(void)client;
	(void)request;
	if (m->phase != MASTER_SERVING)
		return error_of(KITH_E_WRONG_STATE, "the server is starting or stopping");
	if (master_reload(m, err, sizeof(err)) < 0)
		return control_error(1, err);
	return json_pack("{s:s, s:o}", "fingerprint", m->fingerprint, "warnings", warnings(m));
}

static json_t *
cmd_reopen(struct master *m, uint64_t client, const json_t *request)
{
	char err[4500];

	(void)client;
	(void)request;
	children_signal(m, SIGUSR1);	/* in any case: the status tells of a log that fails */
	if (check_log_file(m->conf, &m->owner, err, sizeof(err)) < 0)
		return control_error(1, err);
	return json_pack("{s:b}", "done", 1);
}

/* -- people --------------------------------------------------------------- */

static void
answer_invite(struct master *m, uint64_t client, const Kith__Ipc__AdminAnswer *answer, bool web)
{
	char url[INVITE_URL_MAX], link[INVITE_URL_MAX];

	if (answer->code != KITH_E_OK) {
		control_answer(m, client, error_of(answer->code, answer->text));
		return;
	}
	if (invite_url(m, answer->invite, url, sizeof(url)) < 0 ||
	    invite_link(m, answer->invite, link, sizeof(link)) < 0)
		control_answer(m, client, error_of(KITH_E_INTERNAL, NULL));
	else
		control_answer(m, client, json_pack("{s:s, s:s*, s:I}", "url", url,
		    "link", web ? link : NULL, "expires_ms", (json_int_t)answer->expires_ms));
	explicit_bzero(url, sizeof(url));
	explicit_bzero(link, sizeof(link));
}

static void
invite_done(struct master *m, uint64_t client, const Kith__Ipc__AdminAnswer *answer)
{
	answer_invite(m, client, answer, false);
}

static void
web_invite_done(struct master *m, uint64_t client, const Kith__Ipc__AdminAnswer *answer)
{
	answer_invite(m, client, answer, true);
}

static json_t *
cmd_invite(struct master *m, uint64_t client, const json_t *request)
{
	json_int_t life_ms = INVITE_LIFE_MS, uses = INVITE_USES;
	const char *name;
	json_error_t e;
	int admin = 0, web = 0;
	char text[64];

	if (json_unpack_ex((json_t *)(uintptr_t)request, &e, JSON_STRICT,
	    "{s:s, s?b, s?b, s?I, s?I}", "command", &name, "admin", &admin, "web", &web,
	    "life_ms", &life_ms, "uses", &uses) < 0)
		return bad_request(&e);
	if (life_ms < INVITE_LIFE_MIN_MS || life_ms > (json_int_t)INVITE_LIFE_MAX_MS) {
		snprintf(text, sizeof(text), "an invite lives from 1 second to %d days",
		    INVITE_LIFE_MAX_DAYS);
		return control_error(2, text);
	}
	if (uses < 1 || uses > INVITE_USES_MAX) {
		snprintf(text, sizeof(text), "an invite has 1 to %d uses", INVITE_USES_MAX);
		return control_error(2, text);
	}
	if (m->conf->registration == REGISTRATION_CLOSED)
		return control_error(5, "registration is closed, so nobody could use an invite; "
		    "set `registration invite`, or make the account by kithctl user add");
	invite_ask(m, admin, (uint64_t)life_ms, (uint32_t)uses,
	    web ? web_invite_done : invite_done, client);
	return NULL;
}

static void
user_done(struct master *m, uint64_t client, const Kith__Ipc__AdminAnswer *answer)
{
	if (answer->code != KITH_E_OK)
		control_answer(m, client, error_of(answer->code, answer->text));
	else
		control_answer(m, client, json_pack("{s:b}", "done", 1));
}

/* All four commands send auth a name, and two of them a password. */
static json_t *
ask_user(struct master *m, uint64_t client, const json_t *request,
    Kith__Ipc__Admin__WhatCase what, bool with_password)
{
	Kith__Ipc__AdminUser user = KITH__IPC__ADMIN_USER__INIT;
	Kith__Ipc__Admin question = KITH__IPC__ADMIN__INIT;
	const char *command_name, *name, *password = "";
	json_error_t e;
	int admin = 0;

	if (json_unpack_ex((json_t *)(uintptr_t)request, &e, JSON_STRICT,
	    with_password ? "{s:s, s:s, s:s, s?b}" : "{s:s, s:s}", "command", &command_name,
	    "name", &name, "password", &password, "admin", &admin) < 0)
		return bad_request(&e);
	if (strlen(name) > NAME_BYTES_MAX)
		return error_of(KITH_E_NAME_TOO_LONG, NULL);
	if (with_password && strlen(password) > PASSWORD_BYTES_MAX)
		return error_of(KITH_E_PASSWORD_WEAK, NULL);
	user.name = (char *)(uintptr_t)name;
	user.password = (char *)(uintptr_t)password;
	user.admin = admin;
	oneof_set(&question.base, what, &user);
	ask_send(m, &question, user_done, client);
	return NULL;
}

static json_t *
cmd_user_add(struct master *m, uint64_t client, const json_t *request)
{
	return ask_user(m, client, request, KITH__IPC__ADMIN__WHAT_USER_ADD, true);
}

static json_t *
cmd_user_passwd(struct master *m, uint64_t client, const json_t *request)
{
	return ask_user(m, client, request, KITH__IPC__ADMIN__WHAT_USER_PASSWD, true);
}

static json_t *
cmd_user_disable(struct master *m, uint64_t client, const json_t *request)
{
	return ask_user(m, client, request, KITH__IPC__ADMIN__WHAT_USER_DISABLE, false);
}

static json_t *
cmd_user_enable(struct master *m, uint64_t client, const json_t *request)
{
	return ask_user(m, client, request, KITH__IPC__ADMIN__WHAT_USER_ENABLE, false);
}

/* -- the table ------------------------------------------------------------ */

static const struct control_row {
	const char	*name;
	command		*run;
	bool		 logged;	/* it changes something */
} commands[] = {
	{ "status",		cmd_status,		false },
	{ "stats",		cmd_stats,		false },
	{ "sessions",		cmd_sessions,		false },
	{ "invite",		cmd_invite,		true },
	{ "user_add",		cmd_user_add,		true },
	{ "user_passwd",	cmd_user_passwd,	true },
	{ "user_disable",	cmd_user_disable,	true },
	{ "user_enable",	cmd_user_enable,	true },
	{ "reload",		cmd_reload,		true },
	{ "reopen",		cmd_reopen,		true },
	{ "stop",		cmd_stop,		true },
};

static const struct control_row *
find_row_of(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

json_t *
control_command(struct master *m, uint64_t client, uid_t uid, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "command"));
	const struct control_row *row;

	if (name == NULL)
		return control_error(2, "\"command\" is missing");
	if ((row = find_row_of(name)) == NULL)
		return control_error(2, "no such command");
	if (row->logged)
		log_info(0, "control", "command=%s uid=%ld", name, (long)uid);
	return row->run(m, client, request);
}
