#!/bin/sh
# check_sizes.sh - fails for a source file above 800 lines: one job per file has been lost.
set -u
find refgw harness pcap reports $(ls -d bench 2>/dev/null) -name '*.[ch]' -exec wc -l {} + |
    awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines, 800 allowed"; bad = 1 } END { exit bad }'
