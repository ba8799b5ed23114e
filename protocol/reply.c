/* reply.c - builds the replies that have no data of their own. */
#include "protocol/reply.h"

void
reply_fill_error(Kith__V1__Error *e, enum kith_err code, const char *text,
    uint32_t retry_after_ms)
{
	kith__v1__error__init(e);
	e->code = (Kith__V1__ErrorCode)code;
	/* protobuf-c has no const; nobody writes through this pointer. */
	e->text = (char *)(uintptr_t)(text != NULL ? text : kith_err_text(code));
	e->retry_after_ms = retry_after_ms;
}

const Kith__V1__Reply *
reply_error(struct reply *r, uint64_t id, enum kith_err code, const char *text,
    uint32_t retry_after_ms)
{
	kith__v1__reply__init(&r->base);
	reply_fill_error(&r->error, code, text, retry_after_ms);
	r->base.id = id;
	r->base.body_case = KITH__V1__REPLY__BODY_ERROR;
	r->base.error = &r->error;
	return &r->base;
}

const Kith__V1__Reply *
reply_done(struct reply *r, uint64_t id)
{
	kith__v1__reply__init(&r->base);
	kith__v1__done__init(&r->done);
	r->base.id = id;
	r->base.body_case = KITH__V1__REPLY__BODY_DONE;
	r->base.done = &r->done;
	return &r->base;
}

const Kith__V1__Reply *
reply_closing(struct reply *r, enum kith_err why, uint32_t retry_after_ms)
{
	kith__v1__reply__init(&r->base);
	kith__v1__closing__init(&r->closing);
	reply_fill_error(&r->error, why, NULL, retry_after_ms);
	r->closing.reason = &r->error;
	r->base.body_case = KITH__V1__REPLY__BODY_CLOSING;
	r->base.closing = &r->closing;
	return &r->base;
}

size_t
reply_pack(const Kith__V1__Reply *r, uint8_t *buf, size_t cap)
{
	size_t len = kith__v1__reply__get_packed_size(r);

	return len > cap ? 0 : kith__v1__reply__pack(r, buf);
}
