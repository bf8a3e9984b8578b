#!/bin/sh
# common.sh MODE OPERATION [ARGUMENT] - a peer that speaks no IKE and misbehaves on request.
# What it made is written to $FAKE_LOG, so that a test can look whether all of it is gone.
mode=$1
operation=$2
shared=${IKELAB_DIR:-/nonexistent}/.. # both sides see each other's state here

record() { [ -z "${FAKE_LOG-}" ] || echo "$*" >>"$FAKE_LOG"; }

status() {
    [ "$mode" != lies ] || { echo '{"ike": "plenty"}' && return; }
    [ -e "$shared/up" ] || { echo '{"ike": []}' && return; }
    in=c0ffee01 out=deadbe02 role=initiator
    [ "$IKELAB_SIDE" = west ] || { in=deadbe02 out=c0ffee01 role=responder; }
    cat <<END
{"ike": [{"connection": "tunnel", "spi_i": "c1a2b3c4d5e6f708", "spi_r": "0011223344556677",
  "state": "established", "role": "$role", "children": [{"child": "net", "spi_in": "$in",
  "spi_out": "$out", "mode": "tunnel", "ts_l": ["203.0.113.0/26"], "ts_r": ["203.0.113.64/26"]}]}]}
END
}

case $operation in
version)
    [ "$mode" != absent ] || { echo "its package is not unpacked" >&2 && exit 77; }
    echo 1.0
    ;;
prepare | wait-ready | logs | keys) ;;
start)
    record "netns $IKELAB_NETNS"
    record "folder $IKELAB_DIR"
    case $mode in
    hangs) record "pid $$" && exec sleep 600 ;;
    busy) echo "no port is free" >&2 && exit 75 ;;
    esac
    setsid ip netns exec "$IKELAB_NETNS" sleep 600 </dev/null >/dev/null 2>&1 &
    echo $! >"$IKELAB_DIR/pid"
    # Until it has left our process group, which ends with us.
    until [ "$(cat "/proc/$!/comm")" = sleep ]; do :; done
    record "pid $!"
    record "started $IKELAB_SIDE"
    ;;
pid) cat "$IKELAB_DIR/pid" ;;
up)
    case $mode in
    crashes) kill -SEGV "$(cat "$IKELAB_DIR/pid")" ;;
    fails) echo "nobody answers" >&2 && exit 1 ;;
    breaks) exit 42 ;;
    *) : >"$shared/up" ;;
    esac
    ;;
down) rm -f "$shared/up" ;;
status) status ;;
stop | kill | cleanup)
    [ ! -e "$IKELAB_DIR/pid" ] || kill "$(cat "$IKELAB_DIR/pid")" 2>/dev/null
    rm -f "$IKELAB_DIR/pid"
    ;;
*) exit 127 ;;
esac
exit 0
