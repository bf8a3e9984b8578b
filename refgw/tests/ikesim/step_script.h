// step_script.h - a simulation written down step by step (scenarios/replay/FORMAT.md): cases
// that happen rarely by chance, and seeds that once failed.
#ifndef REFGW_TESTS_IKESIM_STEP_SCRIPT_H
#define REFGW_TESTS_IKESIM_STEP_SCRIPT_H

#include <stdio.h>

#include "refgw/base/block.h"

// Runs a script. False with the place and the reason when a step cannot be done, an expectation
// or an invariant does not hold, or the file cannot be read. `trace` gets every event; may be
// NULL.
MUST_USE bool step_script_run(const char *path, FILE *trace, struct block_fault *out_fault);

#endif
