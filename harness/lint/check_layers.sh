#!/bin/sh
# check_layers.sh - fails when a folder includes a header from a folder it may not use.
# The table below is the whole dependency rule of the project: folder, then what it may use.
set -u

refgw_libraries="refgw/base refgw/iana refgw/wire refgw/crypto refgw/sa refgw/ike refgw/esp"

allowed() {
    case $1 in
    refgw/base) echo "refgw/base" ;;
    refgw/iana) echo "refgw/base refgw/iana" ;;
    refgw/wire) echo "refgw/base refgw/iana refgw/wire" ;;
    refgw/crypto) echo "refgw/base refgw/iana refgw/crypto" ;;
    refgw/sa) echo "refgw/base refgw/iana refgw/crypto refgw/sa" ;;
    refgw/ike) echo "refgw/base refgw/iana refgw/wire refgw/crypto refgw/sa refgw/ike" ;;
    refgw/esp) echo "refgw/base refgw/iana refgw/wire refgw/crypto refgw/sa refgw/esp" ;;
    refgw/misbehave)
        echo "refgw/base refgw/iana refgw/wire refgw/crypto refgw/sa refgw/ike refgw/misbehave"
        ;;
    refgw/io) echo "$refgw_libraries refgw/misbehave refgw/io" ;;
    refgw/app) echo "$refgw_libraries refgw/misbehave refgw/io refgw/app" ;;
    refgw/tests | refgw/fuzz)
        echo "$refgw_libraries refgw/misbehave refgw/io refgw/app refgw/tests harness/tap"
        ;;
    pcap | pcap/tests | pcap/fuzz) echo "$refgw_libraries pcap harness/tap" ;;
    harness*) echo "refgw/base pcap reports harness" ;;
    reports | reports/tests) echo "refgw/base reports harness/tap" ;;
    bench*) echo "$refgw_libraries harness bench" ;;
    esac
}

# refgw/crypto/openssl/x.c belongs to refgw/crypto, harness/relay/x.c to harness.
folder_of() {
    case $1 in
    refgw/*) echo "$1" | cut -d/ -f1-2 ;;
    pcap/tests/* | pcap/fuzz/* | reports/tests/*) echo "$1" | cut -d/ -f1-2 ;;
    *) echo "$1" | cut -d/ -f1 ;;
    esac
}

status=0
for file in $(find refgw harness pcap reports bench -name '*.[ch]' 2>/dev/null | sort); do
    folder=$(folder_of "$file")
    may=" $(allowed "$folder") "
    for used in $(sed -n 's|^#include "\([a-z_]*/.*\)"$|\1|p' "$file"); do
        used_folder=$(folder_of "$used")
        case $used in harness/tap/*) used_folder=harness/tap ;; esac
        case $may in
        *" $used_folder "* | *" ${used_folder%%/*} "*) ;;
        *)
            echo "$file: $folder may not include $used"
            status=1
            ;;
        esac
    done
done
exit $status
