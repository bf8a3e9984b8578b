#!/bin/sh
# commands_test.sh - `ikelab pcap` from outside: help, exit codes, and files that it writes.
set -u

here=$(dirname "$0")
corpus=$here/../fuzz/corpus/capture
ikelab=${IKELAB_BIN:-build/bin}/ikelab
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
failed=0

# ok STATUS NAME
ok() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        failed=1
    fi
}

# exits_with CODE NAME COMMAND...
exits_with() {
    wanted=$1
    name=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err"
    code=$?
    [ "$code" -eq "$wanted" ]
    ok $? "$name exits with $wanted"
}

cat >"$work/esp.keys" <<'K'
ESP 192.0.2.1 198.51.100.1 deadbe02 aes128gcm16 030102030405060708090a0b0c0d0e0f10111213 - - 0
ESP 198.51.100.1 192.0.2.1 c0ffee01 aes128gcm16 040102030405060708090a0b0c0d0e0f10111213 - - 0
K
capture=$corpus/handshake.pcapng

exits_with 0 "help" "$ikelab" pcap --help
grep -q '^usage: ikelab pcap' "$work/out"
ok $? "help goes to standard output"
for command in dump ladder explain decrypt shrink; do
    exits_with 0 "help of $command" "$ikelab" pcap "$command" --help
    grep -q "^  ikelab pcap $command .*" "$work/out"
    ok $? "help of $command has an example"
    exits_with 2 "$command without a file" "$ikelab" pcap "$command"
done
exits_with 2 "no command" "$ikelab" pcap
exits_with 2 "an unknown command" "$ikelab" pcap frobnicate
exits_with 2 "an option of another command" "$ikelab" pcap dump "$capture" --svg x
exits_with 2 "an unknown finding" "$ikelab" pcap shrink "$capture" --finding x -o "$work/x"
exits_with 1 "a file that is not there" "$ikelab" pcap explain "$work/none"

exits_with 0 "ladder" "$ikelab" pcap ladder "$capture" --ascii --width 100
grep -q 'IKE_SA_INIT req 0' "$work/out" && grep -q -- '->\||--.*>' "$work/out"
ok $? "the ladder has a message and an arrow"
LC_ALL=C grep -q '[^ -~]' "$work/out"
[ $? -eq 1 ]
ok $? "the ladder in ASCII is ASCII"
[ "$(awk '{ if (length($0) > most) most = length($0) } END { print most + 0 }' "$work/out")" -le 100 ]
ok $? "no line is wider than asked for"
exits_with 0 "ladder as SVG" "$ikelab" pcap ladder "$capture" --svg "$work/ladder.svg"
grep -q '<svg xmlns' "$work/ladder.svg" && grep -q '</svg>' "$work/ladder.svg"
ok $? "the SVG is whole"

exits_with 0 "decrypt" "$ikelab" pcap decrypt "$capture" --keys "$work/esp.keys" -o "$work/inner.pcapng"
exits_with 0 "dump of what was decrypted" "$ikelab" pcap dump "$work/inner.pcapng" --esp
[ "$(wc -l <"$work/out")" -eq 10 ]
ok $? "ten inner packets"

exits_with 0 "explain" "$ikelab" pcap explain "$corpus/refused.pcapng"
grep -q 'authentication-failed' "$work/out"
ok $? "explain names the finding"
exits_with 0 "shrink" "$ikelab" pcap shrink "$corpus/refused.pcapng" --finding authentication-failed \
    -o "$work/small.pcapng"
exits_with 0 "explain of the small one" "$ikelab" pcap explain "$work/small.pcapng"
grep -q 'authentication-failed' "$work/out" && grep -q '^2 frames' "$work/out"
ok $? "two frames show the same"

echo "1..$number"
exit $failed
