/*
 * point.h - named instants at which a test kills the process.
 *
 * KITH_POINT("ring.push.tail") compiles to nothing unless configured with
 * --enable-points. Then it compares the name with the armed one, and raises
 * SIGKILL at the armed hit. point_arm() arms it, or the environment variable
 * KITH_KILL_AT=name:count, which each process reads at its first point. A child
 * inherits what is left of the count.
 */
#ifndef KITH_SHM_POINT_H
#define KITH_SHM_POINT_H

#ifdef KITH_POINTS
typedef void point_fn(const char *name);

void	point_hit(const char *name);
void	point_arm(const char *name, unsigned count);	/* 0: disarmed */
void	point_watch(point_fn *fn);	/* called at each hit */
#define KITH_POINT(name) point_hit(name)
#else
#define KITH_POINT(name) ((void)0)
#endif

#endif
