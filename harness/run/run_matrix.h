// run_matrix.h - a whole run: from patterns and peers to OUT/result.json and an exit code.
#ifndef HARNESS_RUN_RUN_MATRIX_H
#define HARNESS_RUN_RUN_MATRIX_H

#include "harness/run/cell_run.h"

struct run_request {
    struct run_options options;
    struct pair_choice pairs;
    const char *const *patterns;
    size_t pattern_count;
};

// Runs what was asked for: TAP (or result.json) on standard output, progress on standard error
// when that is a terminal, everything else below OUT. Returns the exit code (DESIGN, section 3).
MUST_USE int run_matrix(struct run_request *request);

// The scenarios, peers and cells that a command works on.
struct run_inventory {
    struct scenario_list scenarios;
    struct peer_list peers;
    struct run_plan plan;
};

// Loads scenarios and peers and makes the plan. False with the exit code; what is wrong was told on
// standard error. Release with run_inventory_clear() in either case.
MUST_USE bool run_inventory_make(const struct lab_paths *paths, const struct run_request *request,
                                 struct run_inventory *out_inventory, int *out_exit_code);
void run_inventory_clear(struct run_inventory *inventory);

// Makes OUT and OUT/cells, and takes away the cells of an earlier run. Refuses to remove a folder
// `cells` that no run of ours has made. False with one sentence in `out_problem`.
MUST_USE bool run_output_prepare(const char *out, char *out_problem, size_t size);

#endif
