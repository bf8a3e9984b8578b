// run_pool.h - runs the cells of a plan, each in a process of its own, several at a time.
#ifndef HARNESS_RUN_RUN_POOL_H
#define HARNESS_RUN_RUN_POOL_H

#include <jansson.h>

#include "harness/judge/verdict.h"
#include "harness/run/cell_run.h"

// What came of one cell.
struct run_result {
    bool is_done;
    enum verdict verdict;
    json_t *entry; // the cell's object in result.json; released with run_results_free()
    uint64_t took_us;
};

struct run_watcher {
    void *context;
    // A cell was started or has ended, or about a quarter of a second has passed.
    void (*progress)(void *context, const struct run_plan *plan, const struct run_result *results,
                     size_t running);
    // Called for every cell in the order of the plan, as soon as those before it are done.
    void (*done)(void *context, const struct cell *cell, const struct run_result *result);
};

// Runs everything. Gives an array as long as the plan, which the caller releases; NULL when memory
// runs out. After SIGINT or SIGTERM what runs is ended in order, the rest is not done.
MUST_USE struct run_result *run_pool(const struct run_plan *plan, const struct run_options *options,
                                     const struct run_watcher *watcher);
void run_results_free(struct run_result *results, size_t count);

#endif
