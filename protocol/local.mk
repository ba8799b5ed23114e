# libkithproto: depends on protobuf-c and jansson only.
protos = \
	protocol/conversation.proto \
	protocol/error.proto \
	protocol/frame.proto \
	protocol/ipc.proto \
	protocol/message.proto \
	protocol/poll.proto \
	protocol/presence.proto \
	protocol/session.proto

pb_sources = $(protos:.proto=.pb-c.c)
pb_headers = $(protos:.proto=.pb-c.h)

noinst_LIBRARIES += libkithproto.a
libkithproto_a_SOURCES = \
	protocol/base/base64.c \
	protocol/base/base64.h \
	protocol/base/clock.c \
	protocol/base/clock.h \
	protocol/base/file.c \
	protocol/base/file.h \
	protocol/base/hash.h \
	protocol/base/stdfd.c \
	protocol/base/stdfd.h \
	protocol/base/utf8.c \
	protocol/base/utf8.h \
	protocol/base/wipebuf.c \
	protocol/base/wipebuf.h \
	protocol/error.c \
	protocol/error.h \
	protocol/fingerprint.c \
	protocol/fingerprint.h \
	protocol/frame.c \
	protocol/frame.h \
	protocol/json.h \
	protocol/json_read.c \
	protocol/json_text.c \
	protocol/json_text.h \
	protocol/json_write.c \
	protocol/limits.h \
	protocol/oneof.h \
	protocol/reply.c \
	protocol/reply.h \
	protocol/request.h \
	protocol/unpackmem.c \
	protocol/unpackmem.h \
	protocol/wire.c \
	protocol/wire.h
nodist_libkithproto_a_SOURCES = $(pb_sources)

BUILT_SOURCES += $(pb_headers)
CLEANFILES += $(pb_sources) $(pb_headers)
EXTRA_DIST += $(protos)

# One run of protoc-c makes the header and the source; the headers come first,
# since each generated file includes those of what it imports.
SUFFIXES = .proto .pb-c.h
.proto.pb-c.h:
	$(AM_V_GEN)$(MKDIR_P) protocol && \
	$(PROTOC_C) --proto_path=$(top_srcdir)/protocol --c_out=protocol $<
$(pb_sources): $(pb_headers)
	@test -f $@ && touch $@

dist_man_MANS += protocol/kith-protocol.7
EXTRA_DIST += protocol/README.md
