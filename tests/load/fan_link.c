/*
 * fan_link.c - a connection to any door.
 */
#include "tests/load/fan_link.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/error.h"
#include "protocol/frame.h"
#include "protocol/json.h"
#include "protocol/limits.h"

#define INPUT_BYTES	(256u * 1024u)
#define TLS_AHEAD	(32u * 1024u)	/* so much is read for one system call */
#define ANSWER_S	20
#define HEAD_MAX	14u		/* of a frame, masked */

#define OP_TEXT		1u		/* RFC 6455, 5.2 */
#define OP_BINARY	2u
#define OP_PING		9u
#define OP_PONG		10u
#define FIN		0x80u
#define MASKED		0x80u

const char *const fan_door_names[FAN_DOORS] = { "native", "ws-pb", "ws-json" };

static const struct {
	const char	*alpn;		/* with its length */
	const char	*subprotocol;	/* NULL: no WebSocket */
} doors[FAN_DOORS] = {
	[FAN_NATIVE] = { "\006kith/1", NULL },
	[FAN_WS_PB] = { "\010http/1.1", "kith.v1.pb" },
	[FAN_WS_JSON] = { "\010http/1.1", "kith.v1.json" },
};

static uint8_t input[INPUT_BYTES];

/* -- bytes ---------------------------------------------------------------- */

static int
after_tls(SSL *ssl, int rc)
{
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_NONE:
		return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	default:
		return -ECONNRESET;
	}
}

/* As much as there is, and at least something: 0, with the bytes in *got. */
static int
tls_read(SSL *ssl, uint8_t *to, size_t size, size_t *got)
{
	size_t n;
	int rc;

	*got = 0;
	do {
		if ((rc = SSL_read_ex(ssl, to + *got, size - *got, &n)) != 1)
			return *got > 0 ? 0 : after_tls(ssl, rc);
		*got += n;
	} while (*got < size && SSL_has_pending(ssl));
	return 0;
}

static int
plain_read(int fd, uint8_t *to, size_t size, size_t *got)
{
	ssize_t n = recv(fd, to, size, 0);

	*got = n > 0 ? (size_t)n : 0;
	if (n == 0)
		return -ECONNRESET;
	return n < 0 ? -errno : 0;
}

/* What was kept and what is new into input[]; *len bytes in all. */
static int
fill(struct fan_link *l, size_t *len)
{
	uint8_t *to = input + l->nkept;
	size_t got, room = sizeof(input) - l->nkept;
	int rc;

	if (room == 0)
		return -EMSGSIZE;
	rc = l->ssl != NULL ? tls_read(l->ssl, to, room, &got) : plain_read(l->fd, to, room, &got);
	if (rc < 0)
		return rc;
	if (l->nkept > 0)
		memcpy(input, l->kept, l->nkept);
	*len = l->nkept + got;
	free(l->kept);
	l->kept = NULL;
	l->nkept = 0;
	return 0;
}

static int
keep(struct fan_link *l, const uint8_t *at, size_t len)
{
	if (len == 0)
		return 0;
	if ((l->kept = malloc(len)) == NULL)
		return -ENOMEM;
	memcpy(l->kept, at, len);
	l->nkept = len;
	return 0;
}

/* A request is small against a socket's buffer: it goes whole, or something is wrong. */
static int
write_all(struct fan_link *l, const uint8_t *bytes, size_t len)
{
	ssize_t n;
	int rc;

	if (l->ssl != NULL)
		return (rc = SSL_write(l->ssl, bytes, (int)len)) > 0 ? 0 : after_tls(l->ssl, rc);
	n = send(l->fd, bytes, len, MSG_NOSIGNAL);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOBUFS;
}

/* -- frames --------------------------------------------------------------- */

struct frame {
	unsigned	 opcode;
	const uint8_t	*body;
	size_t		 len;
};

static size_t
big_endian(const uint8_t *at, size_t bytes)
{
	size_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | *at++;
	return n;
}

/* The bytes of the first frame, head included; 0: it is not whole. */
static size_t
native_frame(const uint8_t *at, size_t len, struct frame *f)
{
	if (len < FRAME_HEADER_BYTES)
		return 0;
	f->opcode = OP_BINARY;
	f->len = big_endian(at, FRAME_HEADER_BYTES);
	f->body = at + FRAME_HEADER_BYTES;
	return len - FRAME_HEADER_BYTES < f->len ? 0 : FRAME_HEADER_BYTES + f->len;
}

/* A server's frames are not masked, and ours sends none in fragments. */
static size_t
ws_frame(const uint8_t *at, size_t len, struct frame *f)
{
	size_t more, head;

	if (len < 2)
		return 0;
	more = at[1] == 126 ? 2 : at[1] == 127 ? 8 : 0;
	head = 2 + more;
	if (len < head)
		return 0;
	f->opcode = at[0] & 0xfu;
	f->len = more > 0 ? big_endian(at + 2, more) : at[1];
	f->body = at + head;
	return len - head < f->len ? 0 : head + f->len;
}

/* Masked, with a key that changes every byte. */
static size_t
put_ws(uint8_t *out, unsigned opcode, const uint8_t *body, size_t len)
{
	static const uint8_t key[4] = { 0x4b, 0x69, 0x74, 0x68 };
	size_t at = 0;

	out[at++] = (uint8_t)(FIN | opcode);
	if (len < 126)
		out[at++] = (uint8_t)(MASKED | len);
	else {
		out[at++] = MASKED | 126u;
		out[at++] = (uint8_t)(len >> 8);
		out[at++] = (uint8_t)len;
	}
	memcpy(out + at, key, sizeof(key));
	at += sizeof(key);
	for (size_t i = 0; i < len; i++)
		out[at + i] = body[i] ^ key[i % sizeof(key)];
	return at + len;
}

static int
send_ws(struct fan_link *l, unsigned opcode, const uint8_t *body, size_t len)
{
	static uint8_t out[HEAD_MAX + FRAME_BYTES_MAX];

	if (len > UINT16_MAX)
		return -EMSGSIZE;
	return write_all(l, out, put_ws(out, opcode, body, len));
}

static int
take(struct fan_link *l, const struct frame *f)
{
	switch (f->opcode) {
	case OP_TEXT:
	case OP_BINARY:
		if (l->reply != NULL)
			l->reply(l, f->body, f->len);
		return 0;
	case OP_PING:
		return send_ws(l, OP_PONG, f->body, f->len);
	case OP_PONG:
		return 0;
	default:
		return -ECONNRESET;
	}
}

int
fan_link_read(struct fan_link *l)
{
	const uint8_t *at = input;
	size_t len, whole;
	struct frame f;
	int rc = fill(l, &len);

	while (rc == 0 && (whole = l->door == FAN_NATIVE ? native_frame(at, len, &f) :
	    ws_frame(at, len, &f)) > 0) {
		rc = take(l, &f);
		at += whole;
		len -= whole;
	}
	return rc < 0 ? rc : keep(l, at, len);
}

/* -- requests ------------------------------------------------------------- */

int
fan_link_send(struct fan_link *l, const Kith__V1__Request *r)
{
	static uint8_t body[FRAME_HEADER_BYTES + FRAME_BYTES_MAX];
	size_t len = kith__v1__request__get_packed_size(r);

	if (len > FRAME_BYTES_MAX)
		return -EMSGSIZE;
	if (l->door == FAN_WS_JSON) {
		len = json_from_message(&r->base, (char *)body, sizeof(body));
		return send_ws(l, OP_TEXT, body, len);
	}
	kith__v1__request__pack(r, body + FRAME_HEADER_BYTES);
	if (l->door == FAN_WS_PB)
		return send_ws(l, OP_BINARY, body + FRAME_HEADER_BYTES, len);
	frame_put_header(body, (uint32_t)len);
	return write_all(l, body, FRAME_HEADER_BYTES + len);
}

Kith__V1__Reply *
fan_link_parse(const struct fan_link *l, const uint8_t *body, size_t len)
{
	static uint8_t wire[FRAME_BYTES_MAX];

	if (l->door == FAN_WS_JSON) {
		if (json_to_wire(&kith__v1__reply__descriptor, (const char *)body, len, wire,
		    sizeof(wire), &len, NULL) != KITH_E_OK)
			return NULL;
		body = wire;
	}
	return kith__v1__reply__unpack(NULL, len, body);
}

static Kith__V1__Reply *answer;		/* what fan_link_ask() waits for */
static uint64_t asked;			/* its id */
static fan_reply_fn others;

static void
on_answer(struct fan_link *l, const uint8_t *body, size_t len)
{
	Kith__V1__Reply *r = fan_link_parse(l, body, len);

	if (r != NULL && r->id == asked && answer == NULL) {
		answer = r;
		return;
	}
	if (r != NULL)
		kith__v1__reply__free_unpacked(r, NULL);
	if (others != NULL)
		others(l, body, len);
}

/* One at a time, in the whole process. */
Kith__V1__Reply *
fan_link_ask(struct fan_link *l, Kith__V1__Request *r)
{
	int rc;

	answer = NULL;
	others = l->reply;
	l->reply = on_answer;
	r->id = ++asked;
	rc = fan_link_send(l, r);
	while (rc == 0 && answer == NULL)
		rc = fan_link_read(l);
	l->reply = others;
	if (answer != NULL && answer->body_case == KITH__V1__REPLY__BODY_ERROR) {
		fprintf(stderr, "kith-fan: the server refuses: %s\n", answer->error->text);
		kith__v1__reply__free_unpacked(answer, NULL);
		answer = NULL;
		rc = -EPROTO;
	}
	errno = -rc;
	return answer;
}

/* -- opening -------------------------------------------------------------- */

static int
connect_to(const char *host, uint16_t port)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM };
	const struct timeval patience = { ANSWER_S, 0 };
	struct addrinfo *a = NULL;
	int fd = -1, rc = -EHOSTUNREACH, one = 1;
	char service[8];

	snprintf(service, sizeof(service), "%u", (unsigned)port);
	if (getaddrinfo(host, service, &want, &a) != 0)
		return rc;
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		rc = fd;
	} else {
		rc = -errno;
		if (fd >= 0)
			close(fd);
	}
	freeaddrinfo(a);
	return rc;
}

/* One for all connections, never freed. */
static SSL_CTX *
tls_context(void)
{
	static SSL_CTX *ctx;

	if (ctx == NULL && (ctx = SSL_CTX_new(TLS_client_method())) != NULL) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
		SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
		SSL_CTX_set_read_ahead(ctx, 1);
		SSL_CTX_set_default_read_buffer_len(ctx, TLS_AHEAD);
	}
	return ctx;
}

static int
start_tls(struct fan_link *l)
{
	const unsigned char *alpn = (const unsigned char *)doors[l->door].alpn;
	SSL_CTX *ctx = tls_context();

	if (ctx == NULL || (l->ssl = SSL_new(ctx)) == NULL)
		return -ENOMEM;
	if (SSL_set_alpn_protos(l->ssl, alpn, alpn[0] + 1u) != 0 || SSL_set_fd(l->ssl, l->fd) != 1)
		return -ENOMEM;
	return SSL_connect(l->ssl) == 1 ? 0 : -EPROTO;
}

/* RFC 6455, 4.1; the key may be any 16 bytes. What the server makes of it other tests look at. */
static int
upgrade(struct fan_link *l, const struct kith_url *to)
{
	char head[1024], host[KITH_ADDRESS_MAX], *end = NULL;
	size_t len;
	int n, rc;

	kith_url_address(to, host);
	n = snprintf(head, sizeof(head), "GET /v1/ws HTTP/1.1\r\nHost: %s\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: a2l0aC1mYW4ga2l0aC1mYQ==\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
	    host, doors[l->door].subprotocol);
	rc = write_all(l, (const uint8_t *)head, (size_t)n);
	while (rc == 0 && end == NULL && (rc = fill(l, &len)) == 0)
		if ((end = memmem(input, len, "\r\n\r\n", 4)) == NULL)
			rc = keep(l, input, len);
	if (rc < 0)
		return rc;
	end += 4;
	if (strncmp((const char *)input, "HTTP/1.1 101 ", 13) != 0)
		return -EPROTO;
	return keep(l, (const uint8_t *)end, len - (size_t)(end - (char *)input));
}

static int
greet(struct fan_link *l)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	Kith__V1__Reply *welcome;

	hello.version_min = hello.version_max = KITH_PROTOCOL_VERSION;
	hello.client = (char *)(uintptr_t)"kith-fan";
	r.body_case = KITH__V1__REQUEST__BODY_HELLO;
	r.hello = &hello;
	if ((welcome = fan_link_ask(l, &r)) == NULL)
		return -errno;
	kith__v1__reply__free_unpacked(welcome, NULL);
	return 0;
}

int
fan_link_open(struct fan_link *l, const struct kith_url *to, enum fan_door door)
{
	int rc;

	*l = (struct fan_link){ .door = door, .fd = -1 };
	if ((rc = connect_to(to->host, to->port)) < 0)
		return rc;
	l->fd = rc;
	if (!to->plain && (rc = start_tls(l)) < 0)
		return rc;
	if (doors[door].subprotocol != NULL && (rc = upgrade(l, to)) < 0)
		return rc;
	return greet(l);
}

void
fan_link_close(struct fan_link *l)
{
	SSL_free(l->ssl);
	if (l->fd >= 0)
		close(l->fd);
	free(l->kept);
	*l = (struct fan_link){ .fd = -1 };
}

int
fan_link_watch(struct fan_link *l, int epoll)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = l };
	int flags = fcntl(l->fd, F_GETFL);

	if (flags < 0 || fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, l->fd, &e) < 0)
		return -errno;
	return 0;
}
