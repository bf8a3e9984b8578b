// cell_run.h - runs one cell from empty namespaces to its verdict.
#ifndef HARNESS_RUN_CELL_RUN_H
#define HARNESS_RUN_CELL_RUN_H

#include "harness/run/cell.h"
#include "harness/run/lab_paths.h"

struct run_options {
    struct lab_paths paths;
    char out[LAB_PATH_SIZE]; // absolute
    uint64_t seed;
    unsigned jobs;
    bool keeps;           // leaves each cell up after its steps until SIGINT
    bool prints_commands; // tells on standard error what a person would type
    bool prints_json;     // result.json instead of TAP on standard output
    int argument_count;   // of the command line, for result.json
    char **arguments;
};

// Runs the cell in this process and leaves its folder OUT/cells/DIR with all evidence and
// verdict.json. Whatever it made on the machine is gone afterwards, also after SIGINT or SIGTERM
// (interrupt_catch() must have been called). False when not even a verdict could be written.
MUST_USE bool cell_run(const struct cell *cell, const struct run_options *options);

// The cell's folder OUT/cells/DIR.
void cell_run_folder(const struct cell *cell, const struct run_options *options, char *out_path,
                     size_t size);
// Takes down what the worker with this PID left when it did not end in order.
void cell_run_sweep(const struct cell *cell, int worker);
// Takes down what runs that no longer live left behind: namespaces and work folders.
void cell_run_sweep_all(void);

#endif
