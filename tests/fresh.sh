#!/bin/sh
# fresh.sh - runs README's commands on a Debian 12 that has only its base system:
# a debootstrap tree in a temporary folder, with a clone of this checkout's HEAD.
# Needs root, debootstrap, git and a network that reaches Debian's archive.
#
#   sh tests/fresh.sh                          the first command, twice
#   sh tests/fresh.sh 'sh tests/run.sh'        another one
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
command=${1:-'sh etc/quickstart.sh </dev/null && sh etc/quickstart.sh </dev/null'}
mirror=${DEBIAN_MIRROR:-}      # empty: debootstrap's own
folder=$(mktemp -d /var/tmp/kith-fresh.XXXXXX)
root=$folder/root

# Nothing may be removed below a mount that is still there.
leave()
{
    for mount in dev/pts dev/shm proc; do
        ! mountpoint -q "$root/$mount" || umount "$root/$mount"
    done
    rm -rf --one-file-system "$folder"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

took()
{
    echo "== $1: $(($(date +%s) - begin)) s"
    begin=$(date +%s)
}

begin=$(date +%s)
debootstrap --variant=minbase bookworm "$root" $mirror >"$folder/debootstrap.log" ||
    { tail "$folder/debootstrap.log"; exit 1; }
# What an installation makes beside the packages.
cp /etc/resolv.conf "$root/etc/resolv.conf"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
git clone -q --no-hardlinks "$top" "$root/srv/kith"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mkdir -p "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
ln -sf pts/ptmx "$root/dev/ptmx"
took 'debootstrap and clone'

# --kill-child: whatever the command leaves running goes with its namespace.
status=0
unshare --pid --fork --kill-child --mount-proc="$root/proc" \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    chroot "$root" sh -c "cd /srv/kith && $command" || status=$?
took "$command"
exit $status
