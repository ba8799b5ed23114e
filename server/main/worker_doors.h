/*
 * worker_doors.h - the ways into a worker. A new door is a row of the table in
 * worker_doors.c.
 */
#ifndef KITH_SERVER_WORKER_DOORS_H
#define KITH_SERVER_WORKER_DOORS_H

struct door_ops;

/* Each of them; NULL at the end. The first that fits is taken; the first of all
 * also speaks to a client that never said a byte. */
extern const struct door_ops *const worker_doors[];

#endif
