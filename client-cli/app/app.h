/*
 * app.h - what the commands share: a profile, one connection, one exit code.
 *
 * A command opens the connection and returns what app_run() returns; its hooks
 * ask and print, and app_finish() ends the loop. The first failure told is the
 * one that counts.
 */
#ifndef KITH_CLI_APP_H
#define KITH_CLI_APP_H

#include "client-cli/app/out.h"
#include "client-cli/app/profile.h"
#include "client-cli/libkith/kith.h"

struct command;
struct event_base;
struct options;

struct app {
	const struct command	*command;	/* its row in the table */
	const struct options	*options;
	int			 argc;		/* of the command alone */
	char			**argv;
	struct out		 out;

	struct event_base	*base;
	struct kith		*kith;
	struct profile		 profile;
	struct kith_url		 url;		/* where to, and its key */
	char			 address[KITH_ADDRESS_MAX]; /* whose key */
	int			 key_in_url;	/* and not known from before */
	char			 next_key[64];	/* known to come, or "" */
	uint64_t		 device;	/* of LoggedIn */
	int			 admin;
	int			 opened;	/* logged in once */
	int			 finished;
	int			 key_asked;	/* ask, then try again */
	int			 drain;		/* at the end, wait a moment
						   for pending requests */
	int			 rc;
	/* What was done at the server, "stored": so a result that cannot
	 * be written is no failure of it. NULL: nothing. */
	const char		*done;

	/* The command's: called at the first login; `data` is for its hooks. */
	void			(*ready)(struct app *app);
	/* The program ends, for whatever reason: called once. May be NULL. */
	void			(*leaving)(struct app *app);
	/* The last moment of the connection. May be NULL. */
	void			(*closing)(struct app *app);
	/* Ctrl-C; NULL: the end. */
	void			(*interrupt)(struct app *app);
	void			*data;
};

/* Reads the profile and the options' server. An exit code; told if not 0. */
int	app_load(struct app *app);

/* Finds the key known for app->url, which may have one of its own (from a URL);
 * the two must agree. An exit code; told if not 0. */
int	app_find_key(struct app *app);

/* Fills in what every connection of kith has; the hooks' arg is the app, and
 * phase and logged_in are app's. */
void	app_kith_options(struct app *app, struct kith_options *o);

/* Connects with `o`, calls app->ready at the first login, runs the loop until
 * app_finish(), or with o->follow until the reader of standard output has gone;
 * closes. Shows an unknown key to the person at the terminal, if
 * there is one, and keeps it if approved. The exit code. */
int	app_run(struct app *app, const struct kith_options *o);

/* app_load() and app_run() for commands that log in, ask and leave. */
int	app_simple(struct app *app, void (*ready)(struct app *app));

/* Ends the loop; the first call's exit code stays. */
void	app_finish(struct app *app, int rc);

/* A signal ends it; while it waits at the end, at once. */
void	app_killed(struct app *app, int number);

/* What to do about a failure, into `out`; "" if nobody can tell. */
void	app_hint(const struct app *app, const struct kith_failure *why,
	    char *out, size_t size);

/* Tells what failed, with a hint where one helps, and finishes. `what` may be
 * NULL: the server. */
void	app_fail(struct app *app, const char *what,
	    const struct kith_failure *why);

/* A request function's negative errno: tells and finishes. 0: nothing. */
void	app_check(struct app *app, int rc);

/* A change was made: a record with `target` and `result` (a constant), in
 * --json and --plain. Text needs none: the exit code says it. */
void	app_tell_result(struct app *app, const char *target,
	    const char *result);

/* The same for one of several that the server refused, with the error's name;
 * the caller has told why. */
void	app_tell_refusal(struct app *app, const char *target, uint32_t code);

/* What to say when the server's history has changed. */
#define APP_HISTORY_CHANGED						\
	"the server's data were restored from a backup: " \
	"messages that were stored after it are gone"

/* The hook that app_kith_options() sets, for hooks that do more. */
void	app_on_phase(struct kith *k, enum kith_phase phase,
	    const struct kith_failure *why, void *arg);

/* A copy, or NULL: free with kith__v1__event__free_unpacked(e, NULL). */
Kith__V1__Event *app_event_copy(const Kith__V1__Event *e);

/* The name after `sigil` ('#' or '@'), which people may leave out. */
const char *app_without_sigil(const char *word, char sigil);

#endif
