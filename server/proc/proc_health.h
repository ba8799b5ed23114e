/*
 * proc_health.h - could a message be stored, and a login be checked, now?
 *
 * Each store process keeps a word about its database in its slot. One function
 * reads all slots, for everybody who asks: /healthz, /metrics and kithctl
 * status. So they agree.
 */
#ifndef KITH_SERVER_PROC_HEALTH_H
#define KITH_SERVER_PROC_HEALTH_H

#include <stdbool.h>

#include "server/proc/proc.h"

/* X(word, name, text): the name is for the log and kithctl status --json, the
 * text for people. */
#define PROC_HEALTHS(X)							\
	X(UP,		"up",		"works")			\
	X(STARTING,	"starting",	"connects to the database")	\
	X(AWAY,		"away",						\
	    "the database is away, or its disk fails")		\
	X(UNUSABLE,	"unusable",					\
	    "the database is there, but does not take kithd as it is "	\
	    "set up (password, rights, settings, files); see the log")	\
	X(BROKEN,	"broken",					\
	    "tables or rights are missing in the database, or it is "	\
	    "damaged; see the log")					\
	X(UNSAFE,	"unsafe",					\
	    "the database would not keep what it is given")		\
	X(DISK_FULL,	"disk_full",	"the database's disk is full")	\
	X(READ_ONLY,	"read_only",	"the database is read-only")	\
	X(LOCKED,	"locked",					\
	    "another program has locked the database")			\
	X(FAILING,	"failing",	"the database reports errors")

#define PROC_HEALTH_ENUM(word, name, text)	PROC_HEALTH_##word,
enum proc_health { PROC_HEALTHS(PROC_HEALTH_ENUM) PROC_HEALTH_COUNT };
#undef PROC_HEALTH_ENUM

/* A process that has not finished a turn for so long serves nobody. */
#define PROC_HANGS_MS		2000u

/* Bytes of a line about a process, at most. */
#define PROC_HEALTH_LINE_MAX	256u

const char	*proc_health_name(enum proc_health h);

enum proc_health proc_health_get(const struct shared *s, unsigned slot);

/* Is it in its loop? Ready, or it has said what its database lacks. */
bool		 proc_health_answers(const struct shared *s, unsigned slot);

/* Does the log take lines? Nobody is refused while it does not, so that is a
 * warning. false, with what is wrong in `line`. */
bool		 proc_health_log(const struct shared *s, char *line,
		    size_t len);

/* Calls tell() with one line, without its end, for each thing that is wrong;
 * tell may be NULL. true: all that messages and logins need serve. */
bool		 proc_health_all(const struct shared *s,
		    void (*tell)(void *arg, const char *line), void *arg);

/* What a role's database is: all its processes reach it, all can work with
 * it. */
bool		 proc_health_reaches(const struct shared *s, enum role r);
bool		 proc_health_works(const struct shared *s, enum role r);

#endif
