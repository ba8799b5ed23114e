/*
 * store_bench.c - how many messages a second the writer stores, answers and tells, by the size
 * of its batches, on each kind of database.
 *
 *	make tests/load/store_bench && tests/load/store_bench [seconds for each]
 *
 * 2,000 senders write 200 bytes each to 200 groups at random; one worker follows all groups. What
 * is measured is the writer's turn: reading the inbox, the transaction, replies, events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/kit/mariadb.h"
#include "tests/unit/kit/store_kit.h"

#define SENDERS		2000u
#define GROUPS		200u
#define FIRST_SENDER	1000u
#define FIRST_GROUP	1000u
#define TURNS_MAX	200000u

static double turns_ms[TURNS_MAX];

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Senders i and their groups i % GROUPS. */
static void
fill(struct kit *k)
{
	char sql[256];

	kit_do(k, "BEGIN");
	for (unsigned i = 0; i < GROUPS; i++) {
		snprintf(sql, sizeof(sql),
		    "INSERT INTO chat_groups VALUES (%u, 'g%u', 'g%u', '', 1,"
		    " 0, 0)", FIRST_GROUP + i, i, i);
		kit_do(k, sql);
		kit_follow(k, FIRST_GROUP + i, 1);
	}
	for (unsigned i = 0; i < SENDERS; i++) {
		snprintf(sql, sizeof(sql),
		    "INSERT INTO accounts VALUES (%u, 's%u', 's%u', '', '', 0,"
		    " 0, 0, 0)", FIRST_SENDER + i, i, i);
		kit_do(k, sql);
		snprintf(sql, sizeof(sql), "INSERT INTO members VALUES (%u, %u, 1, NULL, 1, 0)",
		    FIRST_GROUP + i % GROUPS, FIRST_SENDER + i);
		kit_do(k, sql);
	}
	kit_do(k, "COMMIT");
}

static void
queue(struct kit *k, unsigned batch, const char *text, uint32_t counters[SENDERS])
{
	char target[32];

	for (unsigned i = 0; i < batch; i++) {
		unsigned sender = (unsigned)rand() % SENDERS;
		uint64_t user = FIRST_SENDER + sender;

		snprintf(target, sizeof(target), "=%u", FIRST_GROUP + sender % GROUPS);
		kit_send_as(k, user, target, text,
		    (user << CLIENT_ID_DEVICE_SHIFT) + ++counters[sender]);
	}
}

/* Every sender once or more, so that what follows finds its caches filled. */
static void
warm_up(struct kit *k, uint32_t counters[SENDERS])
{
	for (unsigned i = 0; i < 20; i++) {
		queue(k, 400, "x", counters);
		kit_turn(k);
		kit_drop_told(k);
	}
}

static void
measure(struct kit *k, unsigned batch, double seconds, uint32_t counters[SENDERS])
{
	uint64_t stored = kit_stat(k, STAT_messages_stored);
	double spent = 0, start, until = now_ms() + seconds * 1e3;
	unsigned n = 0;
	char text[201];

	memset(text, 'x', 200);
	text[200] = '\0';
	while (now_ms() < until && n < TURNS_MAX) {
		queue(k, batch, text, counters);
		start = now_ms();
		kit_turn(k);
		turns_ms[n] = now_ms() - start;
		spent += turns_ms[n++];
		kit_drop_told(k);
	}
	stored = kit_stat(k, STAT_messages_stored) - stored;
	if (stored != (uint64_t)n * batch)
		fprintf(stderr, "stored %ju of %ju\n", (uintmax_t)stored, (uintmax_t)n * batch);
	qsort(turns_ms, n, sizeof(turns_ms[0]), by_size);
	printf("%-12s %5u %10.0f %8.2f %8.2f\n", k->kind->name, batch,
	    (double)stored / spent * 1e3, turns_ms[n / 2], turns_ms[n - 1 - n / 100]);
}

int
main(int argc, char **argv)
{
	static const unsigned batches[] = { 1, 8, 64, 512 };
	static uint32_t counters[SENDERS];
	double seconds = argc > 1 ? atof(argv[1]) : 1.5;

	printf("%-12s %5s %10s %8s %8s\n", "database", "batch", "messages/s", "p50 ms", "p99 ms");
	for (unsigned i = 0; i < kit_nkinds; i++) {
		struct kit *k;

		if (strcmp(kit_kinds[i].database, "mysql") == 0 && !mariadb_there())
			continue;
		k = kit_create(&kit_kinds[i]);
		memset(counters, 0, sizeof(counters));
		fill(k);
		warm_up(k, counters);
		for (unsigned b = 0; b < sizeof(batches) / sizeof(batches[0]); b++)
			measure(k, batches[b], seconds, counters);
		kit_destroy(k);
	}
	return 0;
}
