#!/bin/sh
# quickstart.sh - from a fresh checkout to a chat, on a Debian 12 with nothing but
# its base system: installs what is missing, builds, starts a server that keeps
# everything in kith-quickstart/, and opens the chat. Run it in a second
# terminal to be a second person. Without a terminal it plays a conversation
# between two people through the real programs, prints it and stops.
#
#   KITH_LISTEN=*:5484 sh etc/quickstart.sh      others in the LAN may join too
#   KITH_QUICKSTART=DIR sh etc/quickstart.sh     keeps everything there instead
#
# Undo: rm -r kith-quickstart build/quickstart
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
. etc/packages.sh

bin=$top/build/quickstart
kithd=$bin/server/kithd
kithctl=$bin/server/kithctl
kith=$bin/client-cli/kith
folder=${KITH_QUICKSTART:-$top/kith-quickstart}

say()
{
    printf '%s\n' "$*"
}

# quietly LOG COMMAND...: its output is shown only if it fails.
quietly()
{
    log=$1
    shift
    "$@" >"$log" 2>&1 || {
        status=$?
        tail -n 40 "$log" >&2
        say "failed: $* (all of it: $log)" >&2
        exit $status
    }
}

build()
{
    mkdir -p "$bin"
    say 'building (half a minute the first time) ...'
    [ -x configure ] || quietly "$bin/autogen.log" sh autogen.sh
    if [ ! -f "$bin/Makefile" ]; then
        # shellcheck disable=SC2016
        quietly "$bin/configure.log" sh -c 'cd "$1" && ../../configure --without-mysql' sh "$bin"
    fi
    quietly "$bin/make.log" make -C "$bin" -j"$(nproc)"
}

# Does anybody listen on TCP port 5484 (156C)?
port_busy()
{
    grep -qE '^ *[0-9]+: [0-9A-F]+:156C [0-9A-F:]+ 0A' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

serving()
{
    "$kithctl" -d "$state" status >/dev/null 2>&1
}

# Starts kithd unless it runs; it outlives this script if others still chat.
start_server()
{
    serving && return 0
    listen=${KITH_LISTEN:-127.0.0.1:5484}
    echo "web_dir $top/client-web" >"$state/kithd.conf"
    if [ -z "${KITH_LISTEN:-}" ]; then
        echo 'server_name 127.0.0.1' >>"$state/kithd.conf"
        ! port_busy || listen=127.0.0.1:0
    fi
    # Its log has names and addresses.
    rm -f "$state/kithd.log"
    (umask 077 && : >"$state/kithd.log")
    setsid "$kithd" -f -d "$state" -l "$listen" >>"$state/kithd.log" 2>&1 </dev/null &
    server=$!
    tries=0
    until serving; do
        tries=$((tries + 1))
        if ! kill -0 $server 2>/dev/null || [ $tries -gt 200 ]; then
            cat "$state/kithd.log" >&2
            say 'the server did not start' >&2
            exit 1
        fi
        sleep 0.1
    done
}

stop_server()
{
    ! serving || "$kithctl" -d "$state" stop >/dev/null
}

# json_value KEY: the string of that key in one JSON object.
json_value()
{
    sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' | head -n 1
}

# become NAME COMMAND...: turns this shell into the command, with the folders of that
# person. In the background it is the command that $! names, not a shell above it.
become()
{
    home=$people/$1
    shift
    exec env HOME="$home" XDG_CONFIG_HOME="$home/config" XDG_DATA_HOME="$home/data" \
        XDG_STATE_HOME="$home/state" XDG_CACHE_HOME="$home/cache" XDG_RUNTIME_DIR="$home/run" \
        "$@"
}

# as NAME COMMAND...: runs it and returns.
as()
{
    (become "$@")
}

# Makes the account, with a password of its own in the person's folder.
join()
{
    home=$people/$1
    mkdir -p "$home/config" "$home/data" "$home/state" "$home/cache" "$home/run"
    chmod 700 "$home" "$home/run"
    url=$("$kithctl" -d "$state" invite --json | json_value url)
    if [ ! -f "$home/password" ]; then
        (umask 077 && head -c 15 /dev/urandom | base64 >"$home/password")
    fi
    as "$1" "$kith" join "$url" --name "$1" --password-file "$home/password"
}

# Our own session may be seen to end a moment after its program did.
nobody_is_left()
{
    for _ in 1 2 3 4 5; do
        ! "$kithctl" -d "$state" status --json | grep -q '"sessions": *0' || return 0
        sleep 0.2
    done
    return 1
}

# -- on a terminal ---------------------------------------------------------------

chat()
{
    if [ -d "$people" ] && serving; then
        say 'the server runs already; you join it'
    fi
    start_server
    trap '! nobody_is_left || stop_server' EXIT
    default=$(id -un | tr -dc 'a-z0-9_-')
    while :; do
        printf 'your name in the chat [%s]: ' "$default"
        read -r name || exit 1
        name=${name:-$default}
        case $name in
        *[!a-z0-9_-]*)  say 'for now letters a to z, digits, - and _, please' ;;
        *)              break ;;
        esac
    done
    as "$name" "$kith" whoami >/dev/null 2>&1 || join "$name"
    say "For a second person: sh etc/quickstart.sh in another terminal, or this link in a browser"
    say "(it will warn, since nobody vouches for the certificate that was just made):"
    say "  $("$kithctl" -d "$state" invite --web)"
    say "/help helps, /quit leaves."
    as "$name" "$kith" || true
    trap - EXIT
    if nobody_is_left; then
        stop_server
        say "the server has stopped; what was said is kept in $folder"
    else
        say 'the server runs on for the others; to stop it:'
        say "  $kithctl -d $state stop"
    fi
}

# -- without a terminal ------------------------------------------------------------

# show NAME WORD...: prints the command as typed, runs it, indents what it says.
show()
{
    who=$1
    shift
    shown=
    for word; do
        case $word in
        *[!a-zA-Z0-9@,._-]*)    shown="$shown '$word'" ;;
        *)                      shown="$shown $word" ;;
        esac
    done
    say "$who\$ kith$shown"
    as "$who" "$kith" "$@" >"$people/out" 2>&1 || {
        cat "$people/out"
        exit 1
    }
    sed 's/^/    /' "$people/out"
}

# Waits until a file has the text.
appears()
{
    tries=0
    until grep -q "$1" "$2"; do
        tries=$((tries + 1))
        [ $tries -le 200 ] || { say "not shown: $1" >&2; exit 1; }
        sleep 0.1
    done
}

demo()
{
    stop_server
    rm -rf "$people" "$state"
    mkdir -p "$people" "$state"
    trap 'stop_server' EXIT
    start_server
    say
    "$kithctl" -d "$state" status
    say
    for name in alice bob; do
        join "$name" >"$people/out" || { cat "$people/out"; exit 1; }
        say "$name joined with an invite"
    done
    become bob "$kith" tail >"$people/tail" 2>&1 &
    tail=$!
    trap 'kill $tail 2>/dev/null; stop_server' EXIT
    tries=0
    until as alice "$kith" who @bob --json | grep -q '"online": *true' || [ $tries -gt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done

    say
    show alice send @bob 'Good morning! Is this thing on?'
    show bob send @alice 'It is. Stored first, then shown.'
    show alice group create '#tea'
    show bob group join '#tea'
    show alice send '#tea' 'The kettle is on.'
    show bob send '#tea' 'On my way.'
    appears 'The kettle is on' "$people/tail"
    say
    say "bob's 'kith tail' has shown in the meantime:"
    sed 's/^/    /' "$people/tail"
    kill $tail
    wait $tail || true
    say
    show alice read '#tea'
    stop_server
    trap - EXIT
    say
    say 'It works. The same on a terminal opens the chat: sh etc/quickstart.sh'
}

# A signal ends it by way of the EXIT trap.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

packages_install "$KITH_PACKAGES_BUILD"
[ "$(id -u)" -ne 0 ] || packages_user
build
umask 022
if [ -t 0 ] && [ -t 1 ]; then
    state=$folder/server
    people=$folder/people
    mkdir -p "$state"
    chat
else
    state=$folder/demo/server
    people=$folder/demo/people
    demo
fi
