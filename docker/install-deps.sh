#!/bin/bash
# The one list of system packages Basalt needs on Debian and Ubuntu.
#
#   docker/install-deps.sh          what building takes, and what the built server loads
#   docker/install-deps.sh --run    only what the built server loads
#   docker/install-deps.sh --test   additionally the clients that the tests drive
#
# It installs only what is missing and says nothing when nothing is. It works as root and through
# sudo. `--print` with any of the above lists the packages, one a line, and installs nothing.
set -euo pipefail

build=1 tests=0 print=0
for argument in "$@"; do
    case "$argument" in
        --run) build=0 ;;
        --test) tests=1 ;;
        --print) print=1 ;;
        -h | --help)
            sed -n '2,9s/^# \{0,1\}//p' "$0"
            exit 0
            ;;
        *)
            echo "install-deps: unknown argument \"$argument\"; try --help" >&2
            exit 2
            ;;
    esac
done

# Loaded by the server when it runs. A name with alternatives is satisfied by any of them: newer
# releases renamed libssl3 to libssl3t64.
wanted=("libssl3|libssl3t64" libzstd1 zlib1g "libsqlite3-0" tzdata ca-certificates)
# Linked against when it is built; make drives the build.
if [ "$build" = 1 ]; then
    wanted+=(libssl-dev make)
    # What the Swift toolchain itself loads, calls and links with. Its own images have all of it; a
    # bare system that was only given the toolchain's directory has none.
    wanted+=(
        libncurses6 libxml2 "libcurl4|libcurl4t64" libedit2 binutils git "pkg-config|pkgconf"
        "libstdc++-12-dev|libstdc++-13-dev|libstdc++-14-dev|libstdc++-11-dev"
    )
fi
# Driven by the tests. A test whose client is missing says so and passes over it, hence a machine
# without a network may go without these, but not without the ones above.
optional=()
if [ "$tests" = 1 ]; then
    optional+=(postgresql-client curl python3 python3-venv rsync tar procps util-linux iproute2)
fi

if [ "$print" = 1 ]; then
    printf '%s\n' "${wanted[@]%%|*}" "${optional[@]}"
    exit 0
fi

if ! command -v dpkg-query >/dev/null; then
    echo "install-deps: this is neither Debian nor Ubuntu, so nothing was installed." >&2
    echo "install-deps: please install the equivalents of: ${wanted[*]%%|*} ${optional[*]}" >&2
    # A machine may well have them under other names: the build will say what is missing.
    exit 0
fi

is_installed() {
    local state
    state=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) || return 1
    [ "$state" = installed ]
}

# A tool counts as present when its command is there, wherever it came from.
command_of() {
    case "$1" in
        make | git | pkg-config | pkgconf | curl | python3 | rsync | tar) echo "$1" ;;
        binutils) echo ld ;;
        postgresql-client) echo psql ;;
        procps) echo ps ;;
        util-linux) echo flock ;;
        iproute2) echo ip ;;
        *) echo "" ;;
    esac
}

is_satisfied() {
    local name command
    for name in ${1//|/ }; do
        if is_installed "$name"; then return 0; fi
        command=$(command_of "$name")
        if [ -n "$command" ] && command -v "$command" >/dev/null; then return 0; fi
        # A Python that can already make virtual environments needs no python3-venv.
        if [ "$name" = python3-venv ] && python3 -c 'import venv, ensurepip' 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

required=() missing=()
for entry in "${wanted[@]}"; do
    is_satisfied "$entry" || required+=("$entry")
done
for entry in "${optional[@]}"; do
    is_satisfied "$entry" || missing+=("$entry")
done
missing=("${required[@]}" "${missing[@]}")
if [ "${#missing[@]}" = 0 ]; then exit 0; fi

# What to do when something could not be installed: the required packages decide.
give_up() {
    echo "install-deps: $1; missing: ${missing[*]%%|*}" >&2
    if [ "${#required[@]}" != 0 ]; then exit 1; fi
    echo "install-deps: only tests want these, and they will say what they leave out" >&2
    exit 0
}

as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then give_up "not root, and no sudo here"; fi
    as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }

report=$(mktemp)
trap 'rm -f "$report"' EXIT
echo "install-deps: installing ${missing[*]%%|*}"
if ! apt update -qq >"$report" 2>&1; then
    # The package lists that are already here may do.
    echo "install-deps: could not refresh the package lists; trying the ones that are here" >&2
fi
chosen=()
for entry in "${missing[@]}"; do
    name=${entry%%|*}
    for candidate in ${entry//|/ }; do
        if apt-cache show "$candidate" >/dev/null 2>&1; then
            name=$candidate
            break
        fi
    done
    chosen+=("$name")
done
if ! apt install -y -qq --no-install-recommends "${chosen[@]}" >"$report" 2>&1; then
    tail -n 5 "$report" >&2
    give_up "apt-get could not install everything"
fi
