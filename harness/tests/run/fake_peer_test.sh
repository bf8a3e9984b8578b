#!/bin/sh
# The runner against fake peers that hang, lie and crash: every cell ends with the verdict it
# deserves, and nothing is left on the machine, also after a signal. Needs root.
here=$(cd "$(dirname "$0")" && pwd)
ikelab=${IKELAB_BIN:-build/bin}/ikelab
export IKELAB_PEERS="$here/fake/peers" IKELAB_SCENARIOS="$here/fake/scenarios"

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP network namespaces need root" && exit 0; }
[ -x "$ikelab" ] || { echo "1..0 # SKIP there is no $ikelab: run make" && exit 0; }
command -v jq >/dev/null || { echo "1..0 # SKIP jq is not installed" && exit 0; }

scratch=$(mktemp -d /tmp/ikelab-fake-XXXXXX)
# shellcheck disable=SC2013 # one word a line
export FAKE_LOG="$scratch/log"
number=0
failed=0

ok() { # CONDITION'S STATUS, DESCRIPTION
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
    else
        failed=$((failed + 1))
        echo "not ok $number - $2"
    fi
}
is() { # GOT WANTED DESCRIPTION
    [ "$1" = "$2" ]
    ok $? "$3"
    [ "$1" = "$2" ] || printf '#  got    %s\n#  wanted %s\n' "$1" "$2"
}

run() { # ARGUMENT... ; leaves the exit code in $code
    : >"$FAKE_LOG"
    rm -rf "$scratch/out"
    "$ikelab" run --out "$scratch/out" "$@" >"$scratch/tap" 2>"$scratch/err"
    code=$?
}
result() { jq -r "$1" "$scratch/out/result.json" 2>/dev/null; }
verdict() { result '.results[0].verdict'; }

wait_for() { # SECONDS COMMAND...
    tries=$(($1 * 20))
    shift
    while [ $tries -gt 0 ]; do
        ! "$@" || return 0
        tries=$((tries - 1))
        sleep 0.05
    done
    return 1
}
both_started() { [ "$(grep -c '^started' "$FAKE_LOG")" -ge 2 ]; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# Everything that the fake peers have made, by their own record.
leftovers() {
    for namespace in $(sed -n 's/^netns //p' "$FAKE_LOG" | sort -u); do
        [ ! -e "/run/netns/$namespace" ] || printf 'namespace:%s ' "$namespace"
    done
    for pid in $(sed -n 's/^pid //p' "$FAKE_LOG"); do
        is_gone "$pid" || printf 'process:%s ' "$pid"
    done
    for folder in $(sed -n 's/^folder //p' "$FAKE_LOG" | sort -u); do
        [ ! -e "${folder%/*}" ] || printf 'folder:%s ' "$folder"
    done
}
is_clean() { [ -z "$(leftovers)" ]; }
nothing_is_left() {
    # A process that was killed is gone once init has collected it.
    wait_for 3 is_clean
    is "$(leftovers)" "" "$1: no namespace, process or folder is left"
}

# --- one misbehaviour at a time --------------------------------------------------------------
run fake/tunnel --west good --east good
is "$(result '.results[0].verdict | . == "harness-error" or . == "env-error" or . == "crash"')" \
    false "good peers break nothing"
is "$(jq -r '[.steps[].result] | join(" ")' "$scratch"/out/cells/*/cell.json)" "ok ok ok ok" \
    "all their steps are ok"
is "$(jq -r '.west.alive_at_end, .east.alive_at_end' "$scratch"/out/cells/*/cell.json | tr '\n' ' ')" \
    "true true " "both live until the end"
is "$(ls "$scratch"/out/cells/*/status | tr '\n' ' ')" \
    "10-east.json 10-west.json 20-east.json 20-west.json 30-east.json 30-west.json " \
    "the state after each step is kept"
for file in cell.json scenario.scn wan.pcapng relay.json events.jsonl messages.json verdict.json; do
    [ -s "$(echo "$scratch"/out/cells/*/$file)" ]
    ok $? "the cell leaves $file"
done
for file in result.json results.tap index.html junit.xml summary.md; do
    [ -s "$scratch/out/$file" ]
    ok $? "the run leaves $file"
done
cmp -s "$scratch/tap" "$scratch/out/results.tap"
ok $? "results.tap is what was printed"
nothing_is_left "good peers"

run fake/tunnel --west good --east lies
is "$(verdict) $code" "harness-error 3" "a status that breaks its form is a harness error, exit 3"
nothing_is_left "a lying peer"

run fake/tunnel --west crashes --east good
is "$(verdict) $code" "crash 1" "a daemon that ends unasked is a crash, exit 1"
is "$(jq -r .west.crash "$scratch"/out/cells/*/cell.json)" "signal 11" "with its signal"
is "$(jq -r '[.steps[].result] | join(" ")' "$scratch"/out/cells/*/cell.json)" \
    "ok ok failed not-reached" "the steps end there"
nothing_is_left "a crash"

run fake/tunnel --west good --east hangs
is "$(verdict) $code" "env-error 3" "a start that never ends is an environment error, exit 3"
is "$(result '.results[0].attempts | length')" 3 "it was tried three times"
is "$(find "$scratch/out/cells" -name '*.attempt-*' | wc -l)" 2 "and earlier attempts are kept"
nothing_is_left "a hanging peer"

run fake/tunnel --west good --east busy
is "$(verdict) $code" "env-error 3" "exit 75 is an environment error"
nothing_is_left "a busy peer"

run fake/tunnel --west breaks --east good
is "$(verdict) $code" "harness-error 3" "an exit code outside the contract is a harness error"
nothing_is_left "a broken adapter"

run fake/tunnel --west fails --east good
is "$(verdict) $code" "fail 1" "an operation that fails is a fail, exit 1"
nothing_is_left "a failing peer"

run fake/expects-failure --west fails --east good
is "$(jq -r '.steps[2].result' "$scratch"/out/cells/*/cell.json)" ok \
    "a failure that the step expects is ok"
run fake/expects-failure --west good --east good
is "$(jq -r '.steps[2].result' "$scratch"/out/cells/*/cell.json)" failed \
    "and a success then is not"
nothing_is_left "expected failures"

run fake/late --west good --east good
is "$(jq -r '.steps[-1].result' "$scratch"/out/cells/*/cell.json)" timeout \
    "the time of the whole cell ends a step"
nothing_is_left "a cell out of time"

# --- cells that do not run ---------------------------------------------------------------------
run fake/tunnel --west good --east absent
is "$(verdict) $code" "skipped 4" "a missing peer is skipped; nothing ran is exit 4"
grep -q '^ok 1 .* # SKIP skipped: its package is not unpacked; `ikelab peer fetch absent`' \
    "$scratch/tap"
ok $? "with what to do about it"
run fake/pfs --west good --east good
is "$(verdict) $code" "unsupported 4" "a declared no is unsupported without running"
is "$(wc -l <"$FAKE_LOG")" 0 "and no peer was started"
run 'fake/nothing*' --west good --east good
is "$code" 4 "a pattern that fits nothing is exit 4"
run fake/tunnel --west nobody
is "$code" 2 "an unknown peer is exit 2"
run --jobs none
is "$code" 2 "so is an option that is not understood"
mkdir -p "$scratch/mine/cells"
: >"$scratch/mine/cells/precious"
"$ikelab" run fake/tunnel --west good --east good --out "$scratch/mine" >/dev/null 2>&1
is "$?" 3 "a folder of somebody else is not used for results"
[ -e "$scratch/mine/cells/precious" ]
ok $? "and not emptied"

# --- several at a time -------------------------------------------------------------------------
run fake/tunnel --jobs 3 --west good --east good --east lies --east busy
is "$(result '[.results[].verdict] | .[1:] | join(" ")')" "harness-error env-error" \
    "cells side by side have their own verdicts"
is "$(sed -n 's/^\(not \)*ok \([0-9]*\) .*/\2/p' "$scratch/tap" | tr '\n' ' ')" "1 2 3 " \
    "and are told in the order of the plan"
nothing_is_left "cells side by side"
if command -v perl >/dev/null; then
    perl "$here/../../../reports/validate_result.pl" "$scratch/out/result.json" >"$scratch/err" 2>&1
    valid=$?
    [ $valid = 0 ] || [ $valid = 77 ]
    ok $? "result.json fits its schema"
fi

# --- signals -------------------------------------------------------------------------------------
start_long() {
    : >"$FAKE_LOG"
    rm -rf "$scratch/out"
    # A background job of a shell ignores SIGINT; setsid and env give it back.
    env --default-signal=INT "$ikelab" run --out "$scratch/out" fake/long --west good \
        --east good >"$scratch/tap" 2>"$scratch/err" &
    runner=$!
    wait_for 10 both_started
    ok $? "$1: both peers run"
}

for signal in INT TERM; do
    start_long "SIG$signal"
    kill -$signal $runner
    wait $runner
    is "$?" 3 "SIG$signal: exit 3"
    grep -q '^Bail out! interrupted' "$scratch/tap"
    ok $? "SIG$signal: the TAP bails out"
    is "$(verdict)" "env-error" "SIG$signal: the cell is env-error"
    nothing_is_left "SIG$signal"
done

start_long "SIGKILL of the cell's process"
kill -KILL "$(cut -d' ' -f1 "/proc/$runner/task/$runner/children")"
wait $runner
is "$?" 3 "SIGKILL of the cell's process: exit 3"
is "$(verdict)" "harness-error" "SIGKILL of the cell's process: harness error"
nothing_is_left "SIGKILL of the cell's process"

start_long "SIGKILL of the run"
worker=$(cut -d' ' -f1 "/proc/$runner/task/$runner/children")
kill -KILL $runner
wait $runner 2>/dev/null
wait_for 20 is_gone "$worker"
ok $? "SIGKILL of the run: the cell takes itself down"
nothing_is_left "SIGKILL of the run"

rm -rf "$scratch"
echo "1..$number"
[ $failed = 0 ]
