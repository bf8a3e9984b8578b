#!/bin/sh
# banned_functions.sh - fails when a source file calls something that has a safe replacement here.
set -u
status=0

# report PATTERN WHY FOLDER... : lines of code (comments aside) that match.
report() {
    pattern=$1
    why=$2
    shift 2
    hits=$(grep -rnE --include='*.[ch]' "$pattern" "$@" 2>/dev/null | grep -vE '^[^:]+:[0-9]+:[[:space:]]*//')
    if [ -n "$hits" ]; then
        printf '%s\n' "$hits" | sed "s|\$|   <- $why|"
        status=1
    fi
}

everything="refgw harness pcap reports bench"
# shellcheck disable=SC2086 # one word per folder
{
    report '(^|[^a-z_])(strcpy|strcat|sprintf|vsprintf|gets|stpcpy)\(' "use snprintf or a byte_writer" $everything
    report '(^|[^a-z_])(atoi|atol|atof)\(' "use strtoul and check the end" $everything
    report '(^|[^a-z_])(strtok|alloca|rand|srand|system|popen|tmpnam|mktemp)\(' "banned" $everything
    report '(^|[^a-z_])(sleep|usleep)\(' "poll a condition with a deadline" $everything
    report '(^|[^a-z_])memcmp\(' "compare with secret_equals()" refgw/crypto refgw/esp refgw/ike
    report '(^|[^a-z_])(time|gettimeofday|clock_gettime|getrandom|socket|fopen)\(' \
        "no clock, file, socket or randomness here: time and bytes come in as arguments" \
        refgw/iana refgw/wire refgw/crypto refgw/sa refgw/ike refgw/esp
    report '(^|[^a-z_])(printf|fprintf|puts)\(' "report through the caller" \
        refgw/iana refgw/wire refgw/crypto refgw/sa refgw/ike refgw/esp
    report '(^|[^a-z_])(ntohs|ntohl|htons|htonl)\(' "read and write through byte_reader and byte_writer" \
        refgw/wire refgw/ike refgw/esp pcap
}
exit $status
