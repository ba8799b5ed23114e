/*
 * store_request.h - for the tables of handlers: each role of the store handles
 * exactly the requests that protocol/request.h gives to it.
 *
 * STORE_WRITER_##ANSWERER(x) is x if the writer answers, and nothing otherwise;
 * STORE_READER_ likewise.
 */
#ifndef KITH_SERVER_STORE_REQUEST_H
#define KITH_SERVER_STORE_REQUEST_H

#include "protocol/request.h"
#include "server/store/store_int.h"

#define STORE_WRITER_WORKER(...)
#define STORE_WRITER_AUTH(...)
#define STORE_WRITER_READER(...)
#define STORE_WRITER_WRITER(...)	__VA_ARGS__

#define STORE_READER_WORKER(...)
#define STORE_READER_AUTH(...)
#define STORE_READER_READER(...)	__VA_ARGS__
#define STORE_READER_WRITER(...)

/* Answers. */
typedef void store_request_handler(struct store *s, const struct ipc_head *h,
    const Kith__V1__Request *r);

#endif
