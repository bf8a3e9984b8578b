// state_lines.h - the lines of `expect { state { } }`:
//
//   after 20  sa ike=1 child=1 child.generation>=1  both|west|east  [within 10s]
//
// compares with the status snapshots taken when the step was over. `within` belongs to the
// runner's polling and is not judged again.
#ifndef HARNESS_JUDGE_STATE_LINES_H
#define HARNESS_JUDGE_STATE_LINES_H

#include "harness/judge/cell_evidence.h"

enum { STATE_MOST_CONDITIONS = 4 };

struct state_condition {
    size_t quantity; // index of the table of quantities
    enum comparison comparison;
    uint64_t number;
};

struct state_line {
    enum check_severity severity;
    unsigned line;
    unsigned step;
    size_t count;
    struct state_condition conditions[STATE_MOST_CONDITIONS];
    bool of_west;
    bool of_east;
};

MUST_USE bool state_line_parse(const struct judged_scenario *judged,
                               const struct block_statement *statement, struct state_line *out_line,
                               struct block_fault *out_fault);
// One check per line; `block` may be NULL. False with the place when a line is wrong.
MUST_USE bool state_checks_run(const struct cell_evidence *evidence, const struct block *block,
                               struct check_list *checks, struct block_fault *out_fault);

#endif
