# machine.sh - the host kind uml: a peer whose machine is a user-mode Linux kernel inside the
# side's network namespace. Sourced by a peer's ctl; README.md tells how the parts fit together.
#
# Expects: here (the peer's folder), side_directory, root, config; process.sh next to it.
# shellcheck shell=sh disable=SC2154 # set by the script that sources this
# shellcheck source=harness/peers/process.sh
. "$here/../process.sh"

machine_folder=$here/../uml
mail=$side_directory/mail          # calls to the guest and its answers, through hostfs
bell=$side_directory/bell          # a byte on this pipe makes the guest look into its mail
restore=$side_directory/network.restore # exists while the guest has the namespace's addresses
machine_interfaces="wan0 lan0"
CALL_PATIENCE=900                  # hundredths of a second; below the 10 s of an operation

machine_need() {
    [ -x "$root/usr/bin/linux.uml" ] ||
        fail "$CANNOT_RUN" "no user-mode Linux: run 'ctl fetch' and set IKELAB_PEER_ROOT"
    for tool in perl ip nsenter unshare mkfifo; do
        command -v $tool >/dev/null || fail "$CANNOT_RUN" "$tool is missing"
    done
    case $(uname -m) in
    x86_64) ;;
    *) fail "$CANNOT_RUN" "user-mode Linux is there for x86_64 only" ;;
    esac
}

# Runs a program of the unpacked packages on the host, with the libraries that came along.
machine_host() { # PROGRAM ARGUMENT...
    program=$1
    shift
    LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu | tr ' ' :) "$root/$program" "$@"
}

# --- The namespace's addresses ----------------------------------------------------------------

in_namespace() {
    nsenter --net="/run/netns/$IKELAB_NETNS" "$@"
}

# One `ip -batch` line per address and route that somebody has configured.
machine_addresses() {
    for interface in $machine_interfaces; do
        ip -n "$IKELAB_NETNS" -o address show dev "$interface" scope global 2>/dev/null |
            awk -v dev="$interface" '$3 == "inet" { print "address replace", $4, "dev", dev }
                $3 == "inet6" { print "address replace", $4, "dev", dev, "nodad" }'
    done
    for family in -4 -6; do
        ip -n "$IKELAB_NETNS" $family route show 2>/dev/null |
            awk '$2 == "via" && $4 == "dev" { print "route replace", $1, "via", $3, "dev", $5 }'
    done
}

# The guest's half: its network cards under the namespace's names. They come up with their
# addresses, and so announce them to neighbours that know the namespace's own hardware address.
machine_guest_network() {
    number=0
    : >"$side_directory/guest.up"
    for interface in $machine_interfaces; do
        mtu=$(ip -n "$IKELAB_NETNS" -o link show dev "$interface" 2>/dev/null |
            sed -n 's/.* mtu \([0-9]*\).*/\1/p')
        [ -n "$mtu" ] || continue
        echo "link set dev vec$number name $interface mtu $mtu"
        echo "link set dev $interface up" >>"$side_directory/guest.up"
        number=$((number + 1))
    done
    grep '^address' "$restore"
    cat "$side_directory/guest.up"
    grep '^route' "$restore"
    rm -f "$side_directory/guest.up"
}

# Kernel arguments for the same cards. The guest's hardware address is not the interface's own, so
# that the namespace takes no frame for itself.
machine_cards() {
    number=0
    for interface in $machine_interfaces; do
        hardware=$(ip -n "$IKELAB_NETNS" -o link show dev "$interface" 2>/dev/null |
            sed -n 's/.*link\/ether ..\(:[0-9a-f:]*\).*/42\1/p')
        [ -n "$hardware" ] || continue
        echo "vec$number:transport=raw,ifname=$interface,depth=128,mac=$hardware"
        number=$((number + 1))
    done
}

# Moves the addresses out of the namespace into $side_directory/guest.network. What was moved by
# an earlier start of this cell is still in $restore.
machine_take_network() {
    [ -e "$restore" ] || {
        machine_addresses >"$restore.new" && mv "$restore.new" "$restore"
    } || fail "$TEMPORARY" "the namespace's addresses cannot be saved"
    machine_guest_network >"$side_directory/guest.network"
    for interface in $machine_interfaces; do
        ip -n "$IKELAB_NETNS" address flush dev "$interface" >/dev/null 2>&1 || continue
        in_namespace sh -c "echo 1 >/proc/sys/net/ipv6/conf/$interface/disable_ipv6" 2>/dev/null
    done
    return 0
}

machine_give_network_back() {
    [ -e "$restore" ] || return 0
    if [ -e "/run/netns/${IKELAB_NETNS:-none}" ]; then
        if grep -q nodad "$restore"; then
            for interface in $machine_interfaces; do
                in_namespace sh -c "echo 0 >/proc/sys/net/ipv6/conf/$interface/disable_ipv6" \
                    2>/dev/null
            done
        fi
        ip -n "$IKELAB_NETNS" -force -batch "$restore" 2>/dev/null
    fi
    rm -f "$restore"
}

# --- Starting and ending ----------------------------------------------------------------------

# The machine is a process tree in a PID namespace of its own: whoever ends its first process (or
# `unshare`, which is the process that is remembered) ends all of it.
machine_start() {
    machine_need
    need_namespace
    is_running && fail 1 "the machine runs already"
    case $side_directory in
    *[!A-Za-z0-9/._-]*) fail "$TEMPORARY" "'$side_directory' cannot stand on a kernel command line" ;;
    esac
    rm -rf "$mail"
    # shellcheck disable=SC2015 # all of it, or the environment is at fault
    mkdir -p "$side_directory/logs" "$mail" "$side_directory/machine" &&
        rm -f "$bell" && mkfifo -m 600 "$bell" &&
        rm -rf "$side_directory/given" && cp -R "$config" "$side_directory/given" ||
        fail "$TEMPORARY" "'$side_directory' cannot be prepared"
    cards=$(machine_cards)
    machine_take_network
    # shellcheck disable=SC2086 # one argument per card
    setsid nsenter --net="/run/netns/$IKELAB_NETNS" unshare --pid --mount --propagation private \
        --mount-proc --fork --kill-child=KILL sh "$machine_folder/boot.sh" "$here" \
        "$side_directory" "$root" $cards \
        3<>"$bell" </dev/null >>"$side_directory/logs/console.log" 2>&1 &
    remember_daemon $! || fail 1 "the machine ended at once: $(machine_last_words)"
}

machine_last_words() {
    tail -n 1 "$side_directory/logs/console.log" 2>/dev/null
}

# Calls an operation of the peer's guest.pl inside the machine; its output and exit code become
# ours.
machine_call() { # OPERATION [ARGUMENT]...
    need_running
    call=$mail/$$-$1
    rm -f "$call".*
    { printf '%s\n' "$*" >"$call.new" && mv "$call.new" "$call.call"; } ||
        fail "$TEMPORARY" "'$mail' cannot be written"
    # Opened for reading too: then it never blocks, whether or not the guest listens.
    printf '\n' 1<>"$bell"
    left=$CALL_PATIENCE
    until [ -e "$call.code" ]; do
        is_running || fail 1 "the machine ended: $(machine_last_words)"
        [ "$left" -gt 0 ] || fail 1 "the machine did not answer '$1' in time"
        left=$((left - 1))
        sleep 0.01
    done
    cat "$call.err" >&2
    cat "$call.out"
    read -r code <"$call.code"
    rm -f "$call".*
    return "$code"
}

machine_wait_ready() {
    machine_call ready
}

machine_stop() {
    is_running || return 0
    # The guest ends its daemon, writes everything back and powers off.
    (machine_call stop) >/dev/null 2>&1
    wait_gone 300 || kill_daemon
}

machine_cleanup() {
    forget_daemon
    machine_give_network_back
    rm -rf "$mail" "$bell" "$side_directory/given" "$side_directory/native"
    rm -f "$side_directory/guest.network" "$side_directory/passwd"
    rmdir "$side_directory/machine" 2>/dev/null
    return 0
}

# Operations that are the same for every peer under user-mode Linux; ctl handles its own first.
machine_operation() { # NAME-OF-THE-PEER OPERATION [ARGUMENT]
    case $2 in
    start) machine_start ;;
    wait-ready) machine_wait_ready ;;
    pid)
        need_running
        echo "$pid"
        ;;
    up | rekey-child | rekey-ike | dpd | status) machine_call "$2" ;;
    down)
        case ${3-} in
        "" | ike) machine_call down ike ;;
        child) machine_call down child ;;
        *) fail 2 "down takes ike or child, not '$3'" ;;
        esac
        ;;
    kill)
        need_running
        kill_daemon
        ;;
    stop) machine_stop ;;
    cleanup) machine_cleanup ;;
    "") fail 2 "usage: ctl OPERATION [ARGUMENT]" ;;
    *) fail "$UNSUPPORTED" "$1 has no operation '$2'" ;;
    esac
}

# Appends the lines of a file that the other one does not have yet.
machine_append() { # FROM TO
    touch "$2"
    grep -vxFf "$2" "$1" >"$1.fresh"
    cat "$1.fresh" >>"$2"
    rm -f "$1.fresh"
}

# The keys that the guest knows, ESP and IKE.
machine_keys() {
    umask 077
    machine_call keys >"$side_directory/keys.new" || return 1
    for protocol in esp:ESP ike:IKE; do
        grep "^${protocol#*:} " "$side_directory/keys.new" >"$side_directory/keys.some" || continue
        machine_append "$side_directory/keys.some" "$side_directory/${protocol%:*}.keys"
    done
    rm -f "$side_directory/keys.new" "$side_directory/keys.some"
}
