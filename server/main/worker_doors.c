/*
 * worker_doors.c - the ways into a worker, and the worker's main function: the role
 * itself knows no door by name.
 */
#include "server/main/worker_doors.h"

#include <stddef.h>

#include "server/door/door_native.h"
#include "server/door/door_ws.h"
#include "server/web/web.h"
#include "server/worker/worker.h"

const struct door_ops *const worker_doors[] = {
	&door_native,
	&door_http,
	&door_ws_json,
	&door_ws_pb,
	NULL
};

int
worker_main(struct proc *p)
{
	return worker_run(p, worker_doors);
}
