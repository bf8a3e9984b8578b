// result_file.h - OUT/result.json of a run.
#ifndef HARNESS_RUN_RESULT_FILE_H
#define HARNESS_RUN_RESULT_FILE_H

#include "harness/run/run_pool.h"

struct run_summary {
    const struct run_plan *plan;
    const struct run_options *options;
    const struct run_result *results;
    uint64_t started_us; // CLOCK_REALTIME
    uint64_t ended_us;
};

// The whole object (reports/result.schema.json). Cells that were not done are left out. A new
// reference; NULL when memory runs out.
MUST_USE json_t *result_file_make(const struct run_summary *summary);

enum {
    EXIT_AS_EXPECTED = 0,
    EXIT_UNEXPECTED = 1,
    EXIT_USAGE = 2,
    EXIT_INCOMPLETE = 3,
    EXIT_NOTHING_RAN = 4,
};

// The exit code of the run: 1 a fail or crash, 3 an environment or harness error or an
// interruption, 4 no cell ran, 0 otherwise; in this order.
MUST_USE int run_exit_code(const struct run_result *results, size_t count);

#endif
