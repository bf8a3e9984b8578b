#!/bin/sh
# The schema accepts the fixtures and the last run, and refuses results that break it.
validate=reports/validate_result.pl
good=reports/tests/fixtures/every_verdict/result.json
count=0
report() { # report OK|NOT TEXT
    count=$((count + 1))
    if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}

$validate $good >/dev/null 2>&1
case $? in
77)
    echo "1..0 # SKIP the Perl module JSON::Validator is missing (Debian: libjson-validator-perl)"
    exit 0
    ;;
0) report 0 "a result with every verdict is valid" ;;
*) report 1 "a result with every verdict is valid" ;;
esac

broken=$(mktemp)
trap 'rm -f "$broken"' EXIT
refuses() { # refuses SED-EXPRESSION TEXT
    sed "$1" $good >"$broken"
    if $validate "$broken" >/dev/null 2>&1; then report 1 "$2"; else report 0 "$2"; fi
}
refuses 's/"verdict": "pass"/"verdict": "great"/' "refuses a verdict that does not exist"
refuses 's/ikelab.result\/1/ikelab.result\/2/' "refuses another schema version"
refuses 's/"started": "2026-11-23T12:00:00Z"/"started": "yesterday"/' "refuses a time that is none"
refuses 's/"who": "east"/"who": "them"/' "refuses an attribution to nobody we know"
refuses 's/"checks":/"cheques":/' "refuses a result without checks"

latest=${IKELAB_RESULTS:-build/results/latest}/result.json
if [ -f "$latest" ]; then
    problems=$($validate "$latest" 2>&1)
    report $? "the last run's result.json is valid"
    [ -z "$problems" ] || printf '%s\n' "$problems" | sed 's/^/# /'
fi
echo "1..$count"
