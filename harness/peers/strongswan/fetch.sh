#!/bin/sh
# fetch.sh DIR - unpacks Debian's strongSwan to DIR/VERSION/root and prints that path last.
# Nothing is installed. Safe to run again, and side by side: the folder appears complete or
# not at all.
set -u

PACKAGES="strongswan-charon strongswan-libcharon strongswan-swanctl libstrongswan
libstrongswan-standard-plugins libstrongswan-extra-plugins libcharon-extra-plugins"
# Shared libraries of those, unpacked too where the machine does not have them.
LIBRARIES="libgmp10:libgmp.so.10 libcap2:libcap.so.2 libip4tc2:libip4tc.so.2
libsystemd0:libsystemd.so.0 libssl3:libcrypto.so.3"

fail() { # CODE SENTENCE
    echo "$2" >&2
    exit "$1"
}

target=${1-}
[ -n "$target" ] || fail 2 "usage: ctl fetch DIR"
for tool in apt-get apt-cache dpkg; do
    command -v $tool >/dev/null || fail 77 "strongSwan is fetched as Debian packages: no $tool"
done
mkdir -p "$target" || fail 75 "'$target' cannot be made"
target=$(cd "$target" && pwd)

version=$(apt-cache show strongswan-charon 2>/dev/null | sed -n 's/^Version: \([^-]*\).*/\1/p' |
    head -n 1)
[ -n "$version" ] || fail 77 "apt-get knows no package strongswan-charon (try apt-get update)"
if [ -x "$target/$version/root/usr/lib/ipsec/charon" ]; then
    echo "$target/$version/root"
    exit 0
fi

wanted=$PACKAGES
for library in $LIBRARIES; do
    ldconfig -p | grep -q "${library#*:}" || wanted="$wanted ${library%%:*}"
done

work=$target/.fetch.$$
trap 'rm -rf "$work"' EXIT
trap 'exit 75' HUP INT TERM
mkdir -p "$work/packages" "$work/root"
echo "downloading strongSwan $version"
# shellcheck disable=SC2086 # one word per package
(cd "$work/packages" && apt-get -q -o APT::Sandbox::User=root download $wanted) >"$work/out" 2>&1 ||
    fail 75 "apt-get download: $(grep -m 1 '^[EW]:' "$work/out")"
for package in "$work"/packages/*.deb; do
    echo "unpacking ${package##*/}"
    dpkg -x "$package" "$work/root" || fail 75 "${package##*/} cannot be unpacked"
done
# Libraries that came along must be found where charon looks.
for directory in "$work"/root/usr/lib/*-linux-gnu "$work"/root/lib/*-linux-gnu; do
    [ ! -d "$directory" ] || cp -a "$directory"/. "$work/root/usr/lib/ipsec/"
done

mkdir -p "$target/$version"
# Somebody else may have been faster; then theirs stays.
mv -T "$work/root" "$target/$version/root" 2>/dev/null ||
    [ -x "$target/$version/root/usr/lib/ipsec/charon" ] ||
    fail 75 "'$target/$version/root' cannot be made"
echo "$target/$version/root"
