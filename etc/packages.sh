# packages.sh - the Debian packages that Kith needs, one reason each, and the
# function that installs what is missing. Sourced by quickstart.sh and tests/run.sh.

# name                        reason
#
# NAME/COMMAND: not needed where the command came from elsewhere; others' packages of
# nodejs, which hold npm too, conflict with Debian's.
KITH_PACKAGES_BUILD='
gcc                           compiles
libc6-dev                     headers of the C library
make                          runs the build
autoconf                      makes ./configure
automake                      makes Makefile.in
pkg-config                    finds the libraries below
libevent-dev                  event loop of every process
libprotobuf-c-dev             wire format, in C
protobuf-c-compiler           makes C from the .proto files
libssl-dev                    TLS
libsqlite3-dev                the embedded store
zlib1g-dev                    gzip of the web page
libjansson-dev                JSON of --json, of the control socket and from browsers
libcrypt-dev                  password hashes (yescrypt)
libicu-dev                    names: case, normal form, look-alikes
libreadline-dev               line editing in kith
libwslay-dev                  WebSocket frames
'

KITH_PACKAGES_MYSQL='
default-libmysqlclient-dev    the MySQL/MariaDB store
'

KITH_PACKAGES_TEST='
libcmocka-dev                 unit tests
python3                       integration tests
python3-pytest                runs them
python3-pytest-xdist          several files at once
python3-protobuf              the independent client
protobuf-compiler             makes Python from the .proto files
mandoc                        checks the manual pages
groff                         renders them in a narrow terminal
python3-pexpect               types at the interactive client
python3-pyte                  a terminal emulator, to see what a user sees
mariadb-server-core           the private database server of the tests
mariadb-client-core           gives it its first statements
python3-websockets            an independent client of the WebSocket doors
python3-h11                   a strict peer for HTTP
curl                          another, for scripts
ca-certificates               what curl expects to be there
nginx-light                   the reverse proxy before the page
openssl                       makes its certificate
xz-utils                      packs the tarball of make distcheck
chromium                      shows the page
nodejs/node                   drives it
npm/npm                       fetches what drives it: tests/browser/package.json
fonts-wqy-microhei            Chinese and Korean letters in its screenshots
'

# The names in the given lists that are not installed.
packages_missing()
{
    printf '%s\n' "$@" | while read -r name reason; do
        [ -n "$name" ] || continue
        case $name in
        */*)    ! command -v "${name#*/}" >/dev/null || continue ;;
        esac
        name=${name%/*}
        case $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) in
        installed)  ;;
        *)          printf '%s ' "$name" ;;
        esac
    done
}

# Installs what is missing of the given lists; nothing is downloaded when all is there.
packages_install()
{
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "packages missing, and this is no Debian: $missing" >&2
        return 1
    fi
    sudo=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "please install as root: apt-get install $missing" >&2
            return 1
        fi
        sudo=sudo
    fi
    echo "installing: $missing"
    get="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq"
    # The names are words, so that they are split here on purpose. The lists of a
    # fresh machine may be old or not there; only then they are fetched.
    # shellcheck disable=SC2086
    $get install --no-install-recommends $missing >/dev/null 2>&1 ||
        { $get update && $get install --no-install-recommends $missing >/dev/null; }
}

# packages_user [sudo]: makes the account that kithd's processes run as when it is
# started by root.
packages_user()
{
    getent passwd kith >/dev/null ||
        ${1:-} useradd --system --user-group --no-create-home \
            --home-dir /var/lib/kith --shell /usr/sbin/nologin kith
}
