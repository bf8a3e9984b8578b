#!/bin/sh
# install_packages.sh PURPOSE - makes sure that the Debian/Ubuntu packages a make target needs
# are there. PURPOSE is build, interop, check or lint.
#
# Silent and fast when nothing is missing. Installs with apt-get when it may, and otherwise says
# what to type. Exit 0: everything needed is there; 3: something needed is missing.
set -u

build_packages="gcc make libc6-dev libssl-dev libjansson-dev libpcap-dev libmnl-dev uthash-dev"
case ${1:-} in
build)
    needed=$build_packages
    wanted=""
    ;;
interop)
    needed="$build_packages iproute2 nftables perl"
    wanted="tshark"
    ;;
check)
    needed="$build_packages iproute2 nftables perl"
    wanted="tshark libjson-validator-perl"
    ;;
lint)
    needed="$build_packages clang clang-format clang-tidy cppcheck"
    wanted="shellcheck"
    ;;
fuzz)
    needed="$build_packages clang"
    wanted=""
    ;;
*)
    echo "usage: install_packages.sh build|interop|check|lint|fuzz" >&2
    exit 2
    ;;
esac

missing_of() {
    for package in $1; do
        case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Elsewhere than on Debian and its children we can only look for the tools themselves.
if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    for tool in gcc make ip perl; do
        if ! command -v "$tool" >/dev/null 2>&1; then
            echo "ikelab: this system has no apt-get, and '$tool' is missing." >&2
            echo "ikelab: install what corresponds to these Debian packages: $needed" >&2
            exit 3
        fi
    done
    exit 0
fi

missing=$(missing_of "$needed")
extra=$(missing_of "$wanted")
[ -z "$missing$extra" ] && exit 0

if [ "$(id -u)" != 0 ]; then
    [ -z "$missing" ] && exit 0
    echo "ikelab: missing packages: $missing" >&2
    echo "ikelab: type: sudo apt-get install $missing" >&2
    exit 3
fi

install() {
    # shellcheck disable=SC2086 # one word per package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "ikelab: installing $missing$extra(apt-get)" >&2
if ! install "$missing$extra" >"$log" 2>&1; then
    apt-get update >>"$log" 2>&1
    install "$missing$extra" >>"$log" 2>&1 || {
        [ -n "$missing" ] && install "$missing" >>"$log" 2>&1
    }
fi
still=$(missing_of "$needed")
if [ -n "$still" ]; then
    tail -n 5 "$log" >&2
    echo "ikelab: could not install: $still" >&2
    echo "ikelab: is the network there? Then type: apt-get update && apt-get install $still" >&2
    exit 3
fi
still=$(missing_of "$wanted")
[ -n "$still" ] && echo "ikelab: goes on without $still(checks that use it are skipped)" >&2
exit 0
