#!/bin/sh
# two_gateways_test.sh - two refgw in two network namespaces: up, ping, down, orderly stop,
# nothing left behind; plain ESP, ESP in UDP, IPv6 outside; and what happens when things fail.
# Needs root and tun.
set -u

BIN=${IKELAB_BIN:-build/check/bin}
A=refgwapp-$$-a
B=refgwapp-$$-b
WORK=
PID_A=
PID_B=
COUNT=0
FAILED=0

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

ok() { # STATUS DESCRIPTION
    COUNT=$((COUNT + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $COUNT - $2"
    else
        echo "not ok $COUNT - $2"
        FAILED=$((FAILED + 1))
    fi
}

clean_up() {
    for pid in $PID_A $PID_B; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    ip netns del "$A" 2>/dev/null
    ip netns del "$B" 2>/dev/null
    [ -n "$WORK" ] && rm -rf "$WORK"
}

# Polls a command until it succeeds; fails after 10 seconds.
within_10s() {
    tries=100
    while ! "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

show_logs() {
    for side in a b; do
        sed "s/^/# $side: /" "$WORK/$side.log" 2>/dev/null | tail -n 25
    done
}

make_network() {
    ip netns add "$A" && ip netns add "$B" &&
        ip -n "$A" link add wan0 type veth peer name wan0 netns "$B" || return 1
    for side in a b; do
        if [ $side = a ]; then ns=$A; n=1; lan=203.0.113.1/26; lan6=2001:db8:1::1/64; else
            ns=$B; n=2; lan=203.0.113.65/26; lan6=2001:db8:2::1/64; fi
        ip -n "$ns" link set lo up &&
            ip -n "$ns" addr add 192.0.2.$n/24 dev wan0 &&
            ip -n "$ns" addr add 2001:db8:a::$n/64 dev wan0 nodad &&
            ip -n "$ns" link set wan0 up &&
            ip -n "$ns" link add lan0 type bridge &&
            ip -n "$ns" addr add "$lan" dev lan0 &&
            ip -n "$ns" addr add "$lan6" dev lan0 nodad &&
            ip -n "$ns" link set lan0 up || return 1
    done
}

# write_config SIDE OUTER(4|6) EXTRA-CONNECTION-WORDS [SELECTORS-BEHIND-B]
write_config() {
    if [ "$1" = a ]; then me=1; peer=2; local_id=a; remote_id=b; else
        me=2; peer=1; local_id=b; remote_id=a; fi
    if [ "$2" = 6 ]; then prefix=2001:db8:a::; else prefix=192.0.2.; fi
    near='203.0.113.0/26 2001:db8:1::/64'
    far=${4:-203.0.113.64/26 2001:db8:2::/64}
    if [ "$1" = a ]; then selectors="local $near; remote $far"; else
        selectors="local $far; remote $near"; fi
    cat >"$WORK/$1.conf" <<END
gateway { control $WORK/$1.sock; keylog $WORK/$1.keys; pidfile $WORK/$1.pid
    retransmit first 200ms tries 3 }
connection tunnel {
    local $prefix$me; remote $prefix$peer
    id local fqdn $local_id.example.test; id remote fqdn $remote_id.example.test
    auth psk "two gateways"
    ike aes128gcm16-prfsha256-x25519
    $3
    child net { esp aes128gcm16; $selectors }
}
END
}

ctl() { # SIDE COMMAND...
    side=$1
    shift
    "$BIN/refgwctl" -s "$WORK/$side.sock" --timeout 10 "$@"
}

start_both() { # NAME
    ip netns exec "$A" "$BIN/refgw" -c "$WORK/a.conf" 2>>"$WORK/a.log" &
    PID_A=$!
    ip netns exec "$B" "$BIN/refgw" -c "$WORK/b.conf" 2>>"$WORK/b.log" &
    PID_B=$!
    within_10s ctl a status && within_10s ctl b status
    started=$?
    ok $started "$1: both gateways start"
    if [ $started -ne 0 ]; then
        show_logs
        echo "Bail out! the gateways do not start"
        exit 1
    fi
}

counts_ike_sas() { # SIDE COUNT
    [ "$(ctl "$1" --json status | grep -o '"spi_i"' | wc -l)" -eq "$2" ]
}

encapsulates() { # true|false
    ctl a --json status | grep -q "\"encap\":$1"
}

ping_through() { # ADDRESS
    ip netns exec "$A" ping -c 3 -i 0.2 -W 2 "$1" >/dev/null 2>&1
}

# Nothing of a gateway may be left in its namespace.
is_clean() { # NAMESPACE SIDE
    [ -z "$(ip -n "$1" link show ipsec0 2>/dev/null)" ] &&
        [ -z "$(ip -n "$1" route show table 5050 2>/dev/null)" ] &&
        [ -z "$(ip -n "$1" -6 route show table 5050 2>/dev/null)" ] &&
        [ "$(ip -n "$1" rule | wc -l)" -eq 3 ] &&
        [ "$(ip -n "$1" -6 rule | wc -l)" -eq 2 ] &&
        [ ! -e "$WORK/$2.sock" ] && [ ! -e "$WORK/$2.pid" ]
}

stop_and_check() { # SIDE NAMESPACE PID
    ctl "$1" stop
    ok $? "$1 stops when it is asked to"
    wait "$3"
    ok $? "$1 exits with status 0 (and the sanitizers found nothing)"
    is_clean "$2" "$1"
    ok $? "$1 leaves no device, route, rule, socket or pid file"
}

# run_tunnel NAME OUTER EXTRA ENCAPSULATED
run_tunnel() {
    write_config a "$2" "$3"
    write_config b "$2" ""
    start_both "$1"
    ! ip netns exec "$A" ping -c 1 -W 1 203.0.113.65 >/dev/null 2>&1
    ok $? "$1: nothing passes before the tunnel is up"
    ctl a up tunnel
    ok $? "$1: up"
    within_10s counts_ike_sas b 1
    ok $? "$1: the responder has one IKE SA"
    encapsulates "$4"
    ok $? "$1: ESP in UDP is $4"
    ping_through 203.0.113.65
    ok $? "$1: IPv4 ping"
    ping_through 2001:db8:2::1
    ok $? "$1: IPv6 ping"
    ctl b liveness tunnel
    ok $? "$1: liveness check"
    ctl a down tunnel
    ok $? "$1: down"
    within_10s counts_ike_sas b 0
    ok $? "$1: the peer has deleted its SAs too"
    ctl b up tunnel net && ping_through 203.0.113.65
    ok $? "$1: up again, from the other side"
    # A stops first and tells B.
    stop_and_check a "$A" "$PID_A"
    PID_A=
    within_10s counts_ike_sas b 0
    ok $? "$1: stopping deletes the peer's SAs"
    stop_and_check b "$B" "$PID_B"
    PID_B=
}

ping_size() { # SIZE ADDRESS
    ip netns exec "$A" ping -c 2 -i 0.2 -W 2 -s "$1" "$2" >/dev/null 2>&1
}

# Selectors that cover the peer's outer address and our own LAN.
check_covering_selectors() {
    write_config a 4 "" "0.0.0.0/0 ::/0"
    write_config b 4 "" "0.0.0.0/0 ::/0"
    start_both "covering selectors"
    ctl a up tunnel
    ok $? "covering selectors: up"
    ping_through 203.0.113.65 && ping_through 2001:db8:2::1
    ok $? "covering selectors: ping"
    ping_through 192.0.2.2
    ok $? "covering selectors: the peer's own address is reached through the tunnel"
    ping_size 1362 203.0.113.65
    ok $? "a packet as large as the tunnel device allows"
    ping_size 5000 203.0.113.65 && ping_size 5000 2001:db8:2::1
    ok $? "packets in fragments"
    ctl a --json status | grep -q '"packets_in":[1-9][0-9]'
    ok $? "the status counts packets"
    ip -n "$A" route get 203.0.113.5 | grep -q lan0
    ok $? "our own LAN keeps its route"
}

# The state after check_covering_selectors: both run. A is killed and starts again.
check_kill() {
    kill -KILL "$PID_A"
    wait "$PID_A"
    PID_A=
    ip netns exec "$A" "$BIN/refgw" -c "$WORK/a.conf" 2>>"$WORK/a.log" &
    PID_A=$!
    within_10s ctl a status
    ok $? "after SIGKILL it starts again over what was left"
    ctl a up tunnel && ping_through 203.0.113.65
    ok $? "after SIGKILL the tunnel comes up again"
    stop_and_check a "$A" "$PID_A"
    PID_A=
    stop_and_check b "$B" "$PID_B"
    PID_B=
}

check_failures() {
    write_config a 4 ""
    write_config b 4 ""
    sed -i 's/two gateways/another key/' "$WORK/b.conf"
    start_both "wrong key"
    message=$(ctl a up tunnel 2>&1)
    status=$?
    echo "# $message"
    [ $status -eq 1 ] && echo "$message" | grep -q auth
    ok $? "wrong key: up fails with exit status 1 and says why"
    ctl a up nonsense 2>/dev/null
    [ $? -eq 1 ]
    ok $? "an unknown connection is refused with exit status 1"
    ctl a colour red 2>/dev/null
    [ $? -eq 2 ]
    ok $? "an unknown command is wrong usage, exit status 2"
    kill -TERM "$PID_B"
    wait "$PID_B"
    ok $? "SIGTERM: exit status 0"
    PID_B=
    is_clean "$B" b
    ok $? "SIGTERM: nothing is left"
    ctl a monitor --json >"$WORK/monitor" 2>/dev/null &
    monitor=$!
    within_10s ctl a status
    (ctl a up tunnel 2>"$WORK/first" || echo $? >>"$WORK/first") &
    first=$!
    message=$(ctl a up tunnel 2>&1)
    status=$?
    wait $first
    echo "# $message"
    grep -q timeout "$WORK/first" && grep -qx 1 "$WORK/first"
    ok $? "two who wait for the same connection get the same answer"
    grep -q '"event":"retransmitted"' "$WORK/monitor"
    ok $? "monitor shows events as JSON lines"
    kill $monitor
    wait $monitor 2>/dev/null
    [ $status -eq 1 ] && echo "$message" | grep -q -e timeout -e silent
    ok $? "no peer: up fails and says that nobody answers"
    "$BIN/refgw" -c "$WORK/a.conf" 2>"$WORK/second.log"
    [ $? -eq 1 ] && grep -q 'another refgw listens' "$WORK/second.log"
    ok $? "a second gateway on the same control socket says so"
    stop_and_check a "$A" "$PID_A"
    PID_A=
}

[ "$(id -u)" -eq 0 ] || skip_all "needs root"
[ -c /dev/net/tun ] || skip_all "needs /dev/net/tun"
for tool in ip ping; do
    command -v $tool >/dev/null 2>&1 || skip_all "needs $tool"
done
for program in refgw refgwctl; do
    [ -x "$BIN/$program" ] || skip_all "no $program in $BIN (make check-programs)"
done

trap clean_up EXIT
trap 'exit 1' INT TERM HUP PIPE
WORK=$(mktemp -d /tmp/refgwapp.XXXXXX) || exit 1
make_network || skip_all "cannot make network namespaces"

run_tunnel "plain ESP" 4 "" false
run_tunnel "forced encapsulation" 4 "encapsulation force" true
run_tunnel "over IPv6" 6 "" false
check_covering_selectors
check_kill
check_failures

[ "$(grep -c '^IKE ' "$WORK/a.keys")" -ge 6 ] && [ "$(grep -c '^ESP ' "$WORK/a.keys")" -ge 12 ] &&
    [ "$(stat -c %a "$WORK/a.keys")" = 600 ]
ok $? "the key log has a line for each IKE SA and ESP direction, mode 0600"
grep -q 'key-log-enabled' "$WORK/a.log"
ok $? "the log warns of the key log"
[ "$FAILED" -eq 0 ] || show_logs
echo "1..$COUNT"
[ "$FAILED" -eq 0 ]
