/*
 * point.c - dies at the armed point. Empty unless points are compiled in.
 */
#include "shm/point.h"

#ifdef KITH_POINTS

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char armed[64];
static unsigned hits_left;			/* hits until death; 0: not armed */
static bool environment_read;
static point_fn *watcher;

void
point_arm(const char *name, unsigned count)
{
	environment_read = true;	/* armed by hand: ignore it */
	snprintf(armed, sizeof(armed), "%s", name);
	hits_left = count;
}

void
point_watch(point_fn *fn)
{
	watcher = fn;
}

/* KITH_KILL_AT=name:count */
static void
arm_from_environment(void)
{
	const char *value = getenv("KITH_KILL_AT");
	const char *colon = value != NULL ? strrchr(value, ':') : NULL;

	environment_read = true;
	if (colon == NULL || (size_t)(colon - value) >= sizeof(armed))
		return;
	memcpy(armed, value, (size_t)(colon - value));
	hits_left = (unsigned)strtoul(colon + 1, NULL, 10);
}

void
point_hit(const char *name)
{
	if (!environment_read)
		arm_from_environment();
	if (watcher != NULL)
		watcher(name);
	if (hits_left > 0 && strcmp(name, armed) == 0 && --hits_left == 0)
		raise(SIGKILL);
}

#endif
