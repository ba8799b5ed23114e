/*
 * proc_info.c - what any code may ask about processes, without a loop.
 */
#include <errno.h>

#include "server/handout/handout.h"
#include "server/handout/pem.h"
#include "server/proc/proc.h"

#define NAME(role, name, ...) [ROLE_##role] = name,
static const char *const role_names[ROLE_COUNT] = { ROLES(NAME) };
#undef NAME

const char *
proc_role_name(enum role r)
{
	return r < ROLE_COUNT ? role_names[r] : "?";
}

enum role
proc_slot_role(const struct shared *s, unsigned slot)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		if (slot >= s->first[r] && slot - s->first[r] < s->count[r])
			return (enum role)r;
	return ROLE_COUNT;
}

void
proc_stop(struct proc *p)
{
	p->stopping = true;
}

void
proc_again(struct proc *p)
{
	p->again = true;
}

int
proc_pem(struct proc *p, struct pem *out)
{
	uint32_t len;
	int rc;

	if (p->listening == NULL)
		return -EBADF;
	if ((rc = handout_read(p->listening->pem, out, sizeof(*out), &len)) < 0)
		return rc;
	if (len != sizeof(*out))
		return -EBADMSG;
	out->certificate[sizeof(out->certificate) - 1] = '\0';
	out->key[sizeof(out->key) - 1] = '\0';
	return 0;
}
