/*
 * store_group.h - groups: create, join, leave, invite. Writer.
 */
#ifndef KITH_SERVER_STORE_GROUP_H
#define KITH_SERVER_STORE_GROUP_H

#include "server/rules/name.h"
#include "server/store/store_int.h"

/* The requests; each answers. */
void	store_group_create(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_group_join(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_group_leave(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_group_invite(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

/* A row to be made. */
struct store_group_new {
	char		 name[NAME_BYTES_MAX + 1];	/* prepared */
	char		 skeleton[NAME_SKELETON_MAX];
	const char	*topic;
	bool		 is_public;
	uint64_t	 creator;
};

/* In a transaction. DB_DUPLICATE: the name, or one that looks like it, is
 * taken. */
enum db_class	store_group_insert(struct store *s,
		    const struct store_group_new *g, uint64_t *id);

/* In a transaction: appends an event to the group's log. */
enum db_class	store_group_put_event(struct store *s, uint64_t group,
		    Kith__V1__EventKind kind, uint64_t sender, uint64_t subject,
		    const char *text, uint64_t *seq);

/* In a transaction: the same, and `user` is a member from that event on. */
enum db_class	store_group_add_member(struct store *s, uint64_t group,
		    uint64_t user, Kith__V1__EventKind kind,
		    Kith__V1__Role role, const char *text);

/* In a transaction: `user` is in already. Its worker may not have been told, so
 * it is told again. */
enum db_class	store_group_joined_before(struct store *s, uint64_t group,
		    uint64_t user, Kith__V1__EventKind kind);

#endif
