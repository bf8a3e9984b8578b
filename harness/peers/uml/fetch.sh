# fetch.sh - unpacks a peer's Debian packages together with the user-mode Linux kernel, without
# installing anything. Sourced by a peer's ctl after process.sh.
#
#     fetch_peer DIR PACKAGE PROGRAM "PACKAGES" "LIBRARIES"
#
# PACKAGE names the version, PROGRAM (below the root) must be there afterwards, LIBRARIES are
# words PACKAGE:SONAME that are unpacked where the machine does not have SONAME. The function
# fetch_finish ROOT, where a peer defines it, completes the root. Leaves DIR/VERSION/root, complete
# or not at all, and prints its path last.
# shellcheck shell=sh

KERNEL_PACKAGE=user-mode-linux

fetch_download() { # PACKAGE...
    (cd "$fetch_work/packages" && apt-get -q -o APT::Sandbox::User=root download "$@") \
        >"$fetch_work/out" 2>&1 || fail "$TEMPORARY" "apt-get download: $(grep -m 1 '^[EW]:' \
            "$fetch_work/out")"
}

fetch_unpack() { # ROOT
    for package in "$fetch_work"/packages/*.deb; do
        echo "unpacking ${package##*/}"
        dpkg -x "$package" "$1" || fail "$TEMPORARY" "${package##*/} cannot be unpacked"
        rm -f "$package"
    done
    # The root is laid over a /usr that holds all of /bin, /sbin and /lib.
    for directory in bin sbin lib lib64; do
        [ ! -d "$1/$directory" ] || {
            mkdir -p "$1/usr/$directory" && cp -a "$1/$directory/." "$1/usr/$directory/" &&
                rm -rf "${1:?}/$directory"
        }
    done
}

package_version() { # PACKAGE
    apt-cache show "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1
}

# The kernel is the same for every peer: taken from a sibling that has it, as hard links.
fetch_kernel() { # ROOT
    kernel_version=$(package_version $KERNEL_PACKAGE)
    [ -n "$kernel_version" ] || fail "$CANNOT_RUN" "apt-get knows no package $KERNEL_PACKAGE"
    for sibling in "$fetch_target"/../*/*/root; do
        [ "$(cat "$sibling/usr/lib/uml/package" 2>/dev/null)" = "$kernel_version" ] || continue
        echo "the kernel of ${sibling%/root}"
        mkdir -p "$1/usr/bin" "$1/usr/lib"
        cp -al "$sibling/usr/lib/uml" "$1/usr/lib/" &&
            cp -al "$sibling/usr/bin/linux.uml" "$1/usr/bin/" && return 0
        rm -rf "$1/usr/lib/uml" "$1/usr/bin/linux.uml"
    done
    mkdir "$fetch_work/kernel"
    fetch_download $KERNEL_PACKAGE
    fetch_unpack "$fetch_work/kernel"
    # Most modules are file systems and devices that no peer needs.
    for modules in "$fetch_work"/kernel/usr/lib/uml/modules/*/kernel; do
        rm -rf "$modules/fs" "$modules/block" "$modules/mm"
        find "$modules/drivers" -mindepth 1 -maxdepth 1 ! -name net -exec rm -rf {} +
    done
    echo "$kernel_version" >"$fetch_work/kernel/usr/lib/uml/package"
    cp -a "$fetch_work/kernel/usr" "$1/"
}

fetch_peer() {
    fetch_target=$1
    [ -n "$fetch_target" ] || fail 2 "usage: ctl fetch DIR"
    for tool in apt-get apt-cache dpkg; do
        command -v $tool >/dev/null || fail "$CANNOT_RUN" "fetching Debian packages needs $tool"
    done
    mkdir -p "$fetch_target" || fail "$TEMPORARY" "'$fetch_target' cannot be made"
    fetch_target=$(cd "$fetch_target" && pwd)
    version=$(package_version "$2" | sed 's/^[0-9]*://; s/-[^-]*$//')
    [ -n "$version" ] || fail "$CANNOT_RUN" "apt-get knows no package $2 (try apt-get update)"
    if [ -x "$fetch_target/$version/root/$3" ]; then
        echo "$fetch_target/$version/root"
        return 0
    fi
    fetch_work=$fetch_target/.fetch.$$
    trap 'rm -rf "$fetch_work"' EXIT
    trap 'exit 75' HUP INT TERM
    mkdir -p "$fetch_work/packages" "$fetch_work/root"
    wanted=$4
    for library in $5 libkmod2:libkmod.so.2; do
        ldconfig -p | grep -q "${library#*:}" || wanted="$wanted ${library%%:*}"
    done
    command -v modprobe >/dev/null || wanted="$wanted kmod"
    echo "downloading $2 $version"
    # shellcheck disable=SC2086 # one word per package
    fetch_download $wanted
    fetch_unpack "$fetch_work/root"
    fetch_kernel "$fetch_work/root"
    ! command -v fetch_finish >/dev/null || fetch_finish "$fetch_work/root"
    mkdir -p "$fetch_target/$version"
    # Somebody else may have been faster; then theirs stays.
    mv -T "$fetch_work/root" "$fetch_target/$version/root" 2>/dev/null ||
        [ -x "$fetch_target/$version/root/$3" ] ||
        fail "$TEMPORARY" "'$fetch_target/$version/root' cannot be made"
    echo "$fetch_target/$version/root"
}
