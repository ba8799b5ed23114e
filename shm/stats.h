/*
 * stats.h - counters per process; readers add them up. No lock.
 *
 * Shape  A slot per process, on cache lines of its own.
 * Crash  A slot outlives its process: counters keep rising over restarts. The
 *        successor resets its gauges (what is open now) to 0.
 */
#ifndef KITH_SHM_STATS_H
#define KITH_SHM_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, help): one list for the enum, kithctl and /metrics. */
#define STATS(X)							\
	X(connections_accepted,	"connections accepted")			\
	X(connections_open,	"connections open now")			\
	X(connections_refused,	"connections refused at a limit")	\
	X(tls_failed,		"TLS handshakes failed")		\
	X(sessions_open,	"sessions logged in now")		\
	X(logins,		"logins that succeeded")		\
	X(logins_failed,	"logins refused")			\
	X(requests,		"requests received")			\
	X(requests_failed,	"requests answered with an error")	\
	X(frames_bad,		"malformed frames")			\
	X(bytes_in,		"bytes received from clients")		\
	X(bytes_out,		"bytes sent to clients")		\
	X(events_delivered,	"live events handed to sessions")	\
	X(events_resynced,						\
	    "events too long for a live copy, sent as a resync")	\
	X(resyncs,		"sessions told to resync")		\
	X(replies_lost,							\
	    "replies and events that a door could not send")		\
	X(output_full,							\
	    "connections closed at the hard output bound")		\
	X(timeouts,		"connections closed for silence")	\
	X(http_requests,	"HTTP requests received")		\
	X(http_refused,							\
	    "HTTP requests refused by their form, host, origin or path") \
	X(messages_stored,	"messages committed")			\
	X(messages_repeated,	"resent messages found stored")		\
	X(batches,		"transactions of the writer")		\
	X(db_errors,		"database errors")			\
	X(db_connects,		"database connections made")		\
	X(hashes,		"password hashes computed")		\
	X(ipc_refused,							\
	    "records refused: malformed or not allowed")		\
	X(ipc_full,		"records not pushed: inbox full")	\
	X(locks_repaired,	"locks whose holder died, repaired")	\
	X(log_dropped,		"log lines dropped")			\
	X(log_failed,							\
	    "times that the log could not be written or opened")	\
	X(log_failing,							\
	    "1 while the log cannot be written or opened")		\
	X(certificate_expires_seconds,					\
	    "when the certificate expires, in seconds since 1970")

enum stat_id {
#define X(name, help) STAT_##name,
	STATS(X)
#undef X
	STAT_COUNT
};

struct stats_slot {			/* one per process, in shared memory */
	_Alignas(64) _Atomic uint64_t	v[STAT_COUNT];
};

extern const char *const stats_name[STAT_COUNT];
extern const char *const stats_help[STAT_COUNT];

/* Only the slot's own process. Adding (uint64_t)-1 subtracts one. */
void		stats_add(struct stats_slot *s, enum stat_id id, uint64_t n);
void		stats_set(struct stats_slot *s, enum stat_id id, uint64_t n);

uint64_t	stats_sum(const struct stats_slot *slots, unsigned n,
		    enum stat_id id);

#endif
