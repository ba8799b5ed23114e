/*
 * conn_write.h - between conn.c and conn_write.c.
 */
#ifndef KITH_SERVER_CONN_WRITE_H
#define KITH_SERVER_CONN_WRITE_H

struct conn;

/* The connection is looked at in this turn's flush. */
void	conn_write_soon(struct conn *c);

/* CLOSING and all output has left: no more is said. */
void	conn_linger(struct conn *c);

/* A dead one, at the end of the turn. */
void	conn_free(struct conn *c);

#endif
