/*
 * door_native.h - the native door: protobuf in frames (protocol/frame.h).
 */
#ifndef KITH_SERVER_DOOR_NATIVE_H
#define KITH_SERVER_DOOR_NATIVE_H

struct door_ops;

extern const struct door_ops door_native;

#endif
