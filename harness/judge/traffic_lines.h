// traffic_lines.h - the lines of `expect { traffic NAME { } }`:
//
//   lost-by-peers == 0    lost == 0    duplicated == 0    reordered < 3    received >= 100
//   sent > 0    gap < 200ms    latency-median < 5ms    latency-p99 < 50ms
//
// Each must hold in both directions. lost-by-peers leaves out what the relay dropped on purpose.
#ifndef HARNESS_JUDGE_TRAFFIC_LINES_H
#define HARNESS_JUDGE_TRAFFIC_LINES_H

#include "harness/judge/cell_evidence.h"

struct traffic_line {
    enum check_severity severity;
    unsigned line;
    size_t measure; // index of the table of measures
    enum comparison comparison;
    uint64_t number; // packets, or microseconds
};

MUST_USE bool traffic_line_parse(const struct judged_scenario *judged,
                                 const struct block_statement *statement,
                                 struct traffic_line *out_line, struct block_fault *out_fault);
// One check per line; `block` may be NULL. False with the place when a line is wrong.
MUST_USE bool traffic_checks_run(const struct cell_evidence *evidence, const struct block *block,
                                 struct check_list *checks, struct block_fault *out_fault);

#endif
