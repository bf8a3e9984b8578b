#!/bin/sh
# Every scenario is clean, FORMAT.md tells the truth, and a fault is named with its place.
root=$(cd "$(dirname "$0")/../../.." && pwd)
ikelab=${IKELAB_BIN:-$root/build/bin}/ikelab
[ -x "$ikelab" ] || { echo "1..0 # SKIP there is no $ikelab: run make" && exit 0; }
cd "$root" || exit 1
scratch=$(mktemp -d /tmp/ikelab-lint-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
number=0
failed=0

ok() { # STATUS DESCRIPTION
    number=$((number + 1))
    [ "$1" = 0 ] && echo "ok $number - $2" && return
    failed=$((failed + 1))
    echo "not ok $number - $2"
    sed 's/^/# /' "$scratch/out"
}

for file in scenarios/*/*.scn; do
    "$ikelab" lint "$file" >"$scratch/out" 2>&1
    ok $? "$file is clean"
done
for file in harness/tests/run/fake/scenarios/*/*.scn; do
    "$ikelab" lint "$file" >"$scratch/out" 2>&1
    ok $? "$file is clean"
done
"$ikelab" lint >"$scratch/out" 2>&1
ok $? "all scenarios and manifests are clean"

sed -n '/^```scenario$/,/^```$/{/^```/!p}' scenarios/FORMAT.md >"$scratch/example.scn"
"$ikelab" lint "$scratch/example.scn" >"$scratch/out" 2>&1
ok $? "the example of FORMAT.md is clean"

# Every step, condition and expectation in the tables of FORMAT.md, one at a time in a scenario.
try() { # SECTION LINE
    sed -n '/^```scenario$/,/^```$/{/^```/!p}' scenarios/FORMAT.md |
        awk -v section="$1" -v line="$2" '
            $0 ~ "^ *" section " *[{]?$" || $0 ~ "^ *" section " [a-z]* *{$" { print; print "    " line; next }
            { print }' >"$scratch/try.scn"
    "$ikelab" lint "$scratch/try.scn" >"$scratch/out" 2>&1
}
cells() { # HEADING: the first column of the tables below it, one code span a line
    awk -v heading="$1" '
        /^#/ { inside = ($0 == heading) }
        inside && /^\| `/ { print }' scenarios/FORMAT.md | cut -d'|' -f2 | grep -o '`[^`]*`' | tr -d '`'
}
cells '## steps' | grep '^[0-9]' | sed 's/^[0-9]* //' >"$scratch/steps"
while read -r step; do
    try steps "1 $step"
    ok $? "FORMAT.md: the step '$step' is understood"
done <"$scratch/steps"
cells '## steps' | grep -v '^[0-9]' >"$scratch/conditions"
while read -r condition; do
    try steps "1 until $condition both within 5s"
    ok $? "FORMAT.md: the condition '$condition' is understood"
done <"$scratch/conditions"
cells '### esp' | grep -v '[$]' >"$scratch/esp"
while read -r line; do
    try esp "$line"
    ok $? "FORMAT.md: the expectation '$line' is understood"
done <"$scratch/esp"
for line in 'wan ike drop 1st IKE_AUTH.rsp from east' 'wan ike delay 50ms jitter 5ms every any' \
    'wan esp loss 5% seed 7' 'wan esp drop 3rd from west' \
    'wan ike drop 1st IKE_SA_INIT.req times 2' 'wan esp loss 5% during rekey'; do
    grep -qF "\`$line\`" scenarios/FORMAT.md && try impair "$line"
    ok $? "FORMAT.md: the rule '$line' is understood"
done

sed 's/^    20  up west .*/    20  jump west/' scenarios/basic/psk-tunnel.scn >"$scratch/bad.scn"
"$ikelab" lint "$scratch/bad.scn" >"$scratch/out" 2>/dev/null
[ $? = 1 ] && grep -q "^$scratch/bad.scn:[0-9]*:9: 'jump' is no step; allowed: start" "$scratch/out"
ok $? "a fault is named as file:line:column with what is allowed, exit 1"
sed 's/auth.psk/auth.magic/' scenarios/basic/psk-tunnel.scn >"$scratch/bad.scn"
"$ikelab" lint "$scratch/bad.scn" >"$scratch/out" 2>/dev/null
[ $? = 1 ] && grep -q "'auth.magic' is no capability" "$scratch/out"
ok $? "an unknown capability is refused"
sed 's/rate 200/rate many/' scenarios/basic/psk-tunnel.scn >"$scratch/bad.scn"
"$ikelab" lint "$scratch/bad.scn" >"$scratch/out" 2>/dev/null
[ $? = 1 ] && grep -q "traffic has one line: udp size" "$scratch/out"
ok $? "a probe that makes no sense is refused"

# --- the command line ------------------------------------------------------------------------
for command in run list lint doctor peer judge report; do
    "$ikelab" $command --help >"$scratch/out" 2>&1 && grep -q "ikelab $command" "$scratch/out"
    ok $? "ikelab $command --help has an example"
done
"$ikelab" --version >"$scratch/out" && grep -q '^ikelab [0-9]' "$scratch/out"
ok $? "ikelab --version"
"$ikelab" --help >"$scratch/out" && ! grep -qw 'relay' "$scratch/out"
ok $? "ikelab --help leaves out what only the lab itself calls"
for line in '' 'dance' 'list --sideways' 'judge' 'peer' 'peer check' 'report' 'doctor now'; do
    # shellcheck disable=SC2086 # words
    "$ikelab" $line >"$scratch/out" 2>&1
    [ $? = 2 ]
    ok $? "'ikelab $line' is a usage error, exit 2"
done
"$ikelab" list 'basic/*' --json >"$scratch/out" 2>/dev/null
grep -q '"scenario": "basic/psk-tunnel"' "$scratch/out"
ok $? "ikelab list --json lists cells"

echo "1..$number"
[ $failed = 0 ]
