#!/bin/sh
# life.sh FOLDER/SCRIPT - runs a script as root of a machine of its own (FOLDER/machine): other
# processes, and folders that `make install`, accounts and services may change. Called by
# test_life.py through unshare --mount --pid --fork --mount-proc --uts --net.
set -e
private=${1%/*}/machine
mkdir "$private"
mount -t tmpfs none "$private"
cp -a /etc "$private/etc"
mkdir -p "$private/lib" "$private/backups" "$private/root" "$private/local"
mount --bind "$private/etc" /etc
mount --bind "$private/lib" /var/lib
mkdir -p /var/backups
mount --bind "$private/backups" /var/backups
mount --bind "$private/root" /root
mount --bind "$private/local" /usr/local
ip link set lo up 2>/dev/null || true
userdel kith 2>/dev/null || true
exec sh -ex "$1"
