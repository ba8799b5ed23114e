/*
 * master_watch.c - looks after the files that the master made, which others may remove.
 */
#include <stdatomic.h>

#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/master/master_int.h"

#define FILES_MS	1000u

/* Its owner moved a file of his own there: it is not ours to remove. Told once. */
static void
note_path(enum state_path *seen, enum state_path now, const char *what, const char *path)
{
	if (now != *seen && now == STATE_PATH_OTHER)
		log_warn(0, "state.replaced", "%s=%s reason=\"another file has its name\" "
		    "effect=\"it stays: remove it\"", what, path);
	*seen = now;
}

/* The writer knows the file by its number from its first connection on. */
static void
pin_database(struct master *m)
{
	const struct proc_slot *writer = &m->shared.slots[m->shared.first[ROLE_WRITER]];
	const uint64_t id[2] = { atomic_load(&writer->database[0]),
	    atomic_load(&writer->database[1]) };

	if (m->database_fd < 0)
		m->database_fd = state_pin(m->conf, id);
}

void
master_watch_files(struct master *m, uint64_t now)
{
	if (m->database_fd < 0)
		pin_database(m);
	if (now < m->files_ms)
		return;
	m->files_ms = now + FILES_MS;
	note_path(&m->pid_file, state_keep_pid_file(&m->lock, m->conf), "pid_file",
	    m->conf->pid_file);
	note_path(&m->control_socket, control_keep(&m->control, m->conf, &m->owner),
	    "control_socket", m->conf->control_socket);
}
