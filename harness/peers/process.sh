# process.sh - what the ctl scripts share: a daemon that outlives ctl and is found again by a
# file with its process id and start time. Sourced; expects IKELAB_DIR.
# shellcheck shell=sh disable=SC2034 # some variables are for the scripts that source this

pid= # set by is_running

# As in docs/LAB.md; ctl also says 0 done, 1 failed, 2 bad call.
TEMPORARY=75 CANNOT_RUN=77 UNSUPPORTED=127
daemon_file=${IKELAB_DIR-}/daemon.pid

fail() { # CODE SENTENCE
    echo "$2" >&2
    exit "$1"
}

# Start time of a process in clock ticks after boot: tells it from a later one of the same id.
# Empty when it has ended, even when nobody has collected it yet.
start_time() { # PID
    [ -r "/proc/$1/stat" ] || return 0
    read -r stat_line 2>/dev/null <"/proc/$1/stat" || return 0
    # shellcheck disable=SC2086 # the fields after the name in parentheses
    set -- ${stat_line##*) }
    [ "$1" != Z ] && [ "$1" != X ] && echo "${20}"
    return 0
}

# Succeeds when the process leads a session of its own.
has_session() { # PID
    read -r stat_line 2>/dev/null <"/proc/$1/stat" || return 1
    session_pid=$1
    # shellcheck disable=SC2086
    set -- ${stat_line##*) }
    [ "$4" = "$session_pid" ]
}

# Remembers a process that was just started with setsid. Returns once it has left our process
# group, because that is killed when ctl ends.
remember_daemon() { # PID
    left=200
    until has_session "$1"; do
        [ -n "$(start_time "$1")" ] || return 1
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 0.005
    done
    started=$(start_time "$1")
    [ -n "$started" ] || return 1
    echo "$1 $started" >"$daemon_file"
}

# Sets $pid and succeeds while the daemon runs.
is_running() {
    [ -r "$daemon_file" ] || return 1
    read -r pid started <"$daemon_file" || return 1
    [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

need_running() {
    is_running || fail 1 "the daemon is not running"
}

# Waits until the daemon is gone, hundredths of a second at most.
wait_gone() { # HUNDREDTHS
    left=$1
    while is_running; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 0.01
    done
}

stop_daemon() {
    is_running || return 0
    kill -TERM "$pid"
    wait_gone 500 || fail 1 "the daemon did not end within 5 s of SIGTERM"
}

kill_daemon() {
    is_running || return 0
    kill -KILL "$pid"
    wait_gone 200 || fail 1 "the daemon did not end within 2 s of SIGKILL"
}

forget_daemon() {
    kill_daemon
    rm -f "$daemon_file"
}

need_namespace() {
    [ -e "/run/netns/${IKELAB_NETNS:-none}" ] ||
        fail "$TEMPORARY" "no network namespace '${IKELAB_NETNS-}'"
}
