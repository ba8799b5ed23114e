#!/bin/sh
# run.sh - all the tests: builds twice (plain, and with ASan and UBSan), runs the
# unit, crash and integration tests of both on SQLite and on a private MariaDB,
# and ends with one line: "N passed, N failed". Exit 0 only if nothing failed
# and everything ran.
#
#   sh tests/run.sh            what every commit must pass
#   sh tests/run.sh --quick    plain build only, short runs
#   sh tests/run.sh --all      the figures of a night
set -u

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
. etc/packages.sh

scale=commit
variants='plain asan'
case ${1:-} in
'')         ;;
--quick)    scale=quick; variants=plain ;;
--all)      scale=all ;;
*)          sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

python=/usr/bin/python3     # a python3 earlier in PATH may lack Debian's modules
jobs=$(nproc)
begin=$(date +%s)
broken=0                    # steps that are not test cases: builds, checks

say()
{
    printf '[%4ds] %s\n' $(($(date +%s) - begin)) "$*"
}

# step LOG WHAT COMMAND...: runs the command with its output in LOG.
step()
{
    log=$1; what=$2
    shift 2
    say "$what"
    if ! "$@" >"$log" 2>&1; then
        broken=$((broken + 1))
        say "FAILED: $what; the end of $log:"
        tail -n 40 "$log"
        return 1
    fi
}

# configure DIR OPTION...: keeps an existing configuration if the options are the same.
configure()
{
    dir=$1
    shift
    if [ -f "$dir/Makefile" ] && [ "$(cat "$dir/options" 2>/dev/null)" = "$*" ]; then
        return 0
    fi
    rm -f "$dir/config.status"
    step "$dir/configure.log" "configure $*" \
        sh -c 'cd "$1" && shift && ../../configure "$@"' sh "$dir" "$@" &&
        echo "$*" >"$dir/options"
}

build()
{
    step "build/$1/make.log" "make ($1)" make -C "build/$1" -j"$jobs"
}

# A failure of single tests is counted from their logs; here only what stops them all.
unit_tests()
{
    # With no test named, it only builds their programs.
    step "build/$1/check-build.log" "make check's programs ($1)" \
        make -C "build/$1" -j"$jobs" check TESTS= || return
    say "make check ($1)"
    make -C "build/$1" -k -j"$jobs" check >"build/$1/check.log" 2>&1
    sed -n 's/^FAIL: /    failed: /p; s/^ERROR: /    failed: /p; / error: /p' "build/$1/check.log"
}

# pytests VARIANT NAME WHICH [SUDO]: runs what has (not) the mark root, by `which`; as many
# files at once as there are processors. A file stays together: its tests share servers. The
# longest is the browser's: it begins.
pytests()
{
    ${4:-} env TMPDIR="$TMPDIR" KITH_BUILD="$top/build/$1" KITH_SCALE=$scale \
        KITH_TEST_RUN="$KITH_TEST_RUN" PYTHONDONTWRITEBYTECODE=1 \
        $python -m pytest -q -p no:cacheprovider -n "$jobs" --dist loadfile -m "$3" \
        --basetemp="$TMPDIR/pytest" --junitxml="build/$1/$2.xml" \
        tests/integration/web tests/integration 2>&1 | tee "build/$1/$2.log"
    ${4:-} rm -rf "$TMPDIR/pytest"
}

integration_tests()
{
    say "integration tests ($1)"
    if [ "$(id -u)" -eq 0 ]; then
        pytests "$1" integration 'root or not root'
        return
    fi
    pytests "$1" integration 'not root'
    say "integration tests that need root ($1)"
    pytests "$1" integration-root root "$sudo"
}

# The modules of tests/browser, as its lock file says; fetched unless they are there.
browser_modules()
{
    node=build/node
    cmp -s tests/browser/package-lock.json $node/package-lock.json &&
        [ -e $node/node_modules/.package-lock.json ] && return
    mkdir -p $node && cp tests/browser/package.json tests/browser/package-lock.json $node &&
        npm ci --prefix $node --ignore-scripts --no-audit --no-fund
}

# What make install puts down, make uninstall takes away.
install_check()
{
    dest=$top/build/plain/destdir
    rm -rf "$dest"
    make -C build/plain install DESTDIR="$dest" && test -n "$(find "$dest" -name kithd)" &&
        make -C build/plain uninstall DESTDIR="$dest" || return 1
    left=$(find "$dest" ! -type d)
    [ -z "$left" ] || { echo "left by make uninstall:"; echo "$left"; return 1; }
    rm -rf "$dest"
}

# Processes of this run carry its name in their environment, or run one of its programs.
leftovers()
{
    for exe in /proc/[0-9]*/exe; do
        pid=${exe#/proc/}; pid=${pid%/exe}
        # The link of a process that dumps no core can be read by root alone.
        case $(readlink "$exe" 2>/dev/null ||
            { tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | head -n 1) in
        "$top"/build/plain/*|"$top"/build/asan/*) ;;
        */mariadbd) tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" |
            grep -qx "KITH_TEST_RUN=$KITH_TEST_RUN" || continue ;;
        *)  continue ;;
        esac
        echo "left process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done
    find "$TMPDIR" -mindepth 1 -maxdepth 1 ! -name 'sanitizer*' -printf 'left file %p\n'
    find /dev/shm -name 'kith*' -newermt "@$begin" -printf 'left shared memory %p\n' 2>/dev/null
}

no_leftovers()
{
    left=$(leftovers)
    [ -z "$left" ] || { echo "$left"; return 1; }
}

no_reports()
{
    cat "$TMPDIR"/sanitizer.* 2>/dev/null && return 1
    return 0
}

sudo=                       # what only root can test is run so
if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null ||
        { echo 'some tests need root: run this as root, or install sudo' >&2; exit 1; }
fi
packages_install "$KITH_PACKAGES_BUILD" "$KITH_PACKAGES_MYSQL" "$KITH_PACKAGES_TEST" || exit 1
packages_user $sudo || exit 1

# A short folder, since the name of a Unix socket has at most 107 bytes; others may
# pass through it, since kithd's processes drop to the user kith.
TMPDIR=$(mktemp -d /tmp/kith-tests.XXXXXX) || exit 1
chmod 711 "$TMPDIR"
KITH_TEST_RUN=$$-$(date +%s)
ASAN_OPTIONS=log_path=$TMPDIR/sanitizer:detect_leaks=1
UBSAN_OPTIONS=log_path=$TMPDIR/sanitizer:print_stacktrace=1
export TMPDIR KITH_TEST_RUN ASAN_OPTIONS UBSAN_OPTIONS
trap 'rm -rf "$TMPDIR" || $sudo rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for variant in $variants without-mysql; do
    mkdir -p "build/$variant"
    # Results of an earlier run must not count for this one.
    find "build/$variant" \( -name '*.trs' -o -name 'integration*.xml'  \) -delete
done

newer=$(find . -path ./build -prune -o \( -name local.mk -o -name Makefile.am -o -name configure.ac \) \
    -newer configure -print 2>/dev/null)
if [ ! -x configure ] || [ -n "$newer" ]; then
    step build/autogen.log 'autogen.sh' sh autogen.sh || exit 1
fi

step build/node.log 'modules of the browser tests' browser_modules

common='--enable-werror --enable-points'
for variant in $variants; do
    options=$common
    [ $variant = plain ] || options="$common --enable-sanitize=address,undefined"
    # shellcheck disable=SC2086
    configure build/$variant $options && build $variant || continue
    unit_tests $variant
    integration_tests $variant
done

step build/plain/install.log 'make install, make uninstall' install_check
if [ $scale != quick ]; then
    configure build/without-mysql $common --without-mysql && build without-mysql
    step build/plain/distcheck.log 'make distcheck' make -C build/plain -j"$jobs" distcheck &&
        rm -f build/plain/kith-*.tar.xz
fi
step build/leftovers.log 'no process, socket or shared memory left' no_leftovers
step build/sanitizer.log 'no report of a sanitizer' no_reports

say 'counting'
# shellcheck disable=SC2086
$python tests/tally.py --broken $broken $(printf 'build/%s ' $variants)
