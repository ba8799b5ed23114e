/* point.c - named instants at which a test kills the process. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "point.h"

#ifdef KITH_POINTS

#define POINT_NAME_MAX	48

static char armed[POINT_NAME_MAX];
static unsigned hits_left;
static int environment_read;

void
point_arm(const char *name, unsigned count)
{
	environment_read = 1;
	if (strlen(name) >= sizeof(armed))
		return;
	strcpy(armed, name);
	hits_left = count;
}

/* KITH_KILL_AT=name:count */
static void
read_environment(void)
{
	const char *spec = getenv("KITH_KILL_AT"), *colon;

	environment_read = 1;
	if (spec == NULL || (colon = strrchr(spec, ':')) == NULL ||
	    (size_t)(colon - spec) >= sizeof(armed))
		return;
	memcpy(armed, spec, (size_t)(colon - spec));
	hits_left = (unsigned)strtoul(colon + 1, NULL, 10);
}

void
point_hit(const char *name)
{
	if (!environment_read)
		read_environment();
	if (armed[0] != '\0' && strcmp(armed, name) == 0 && hits_left > 0 && --hits_left == 0)
		raise(SIGKILL);
}

#endif
