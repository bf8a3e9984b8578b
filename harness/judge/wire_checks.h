// wire_checks.h - judges the lines of `expect { wire { } }`.
#ifndef HARNESS_JUDGE_WIRE_CHECKS_H
#define HARNESS_JUDGE_WIRE_CHECKS_H

#include "harness/judge/cell_evidence.h"
#include "harness/judge/wire_match.h"

// What later blocks may refer to: the $names and where their messages were seen.
struct wire_result {
    struct wire_bindings bindings;
    struct wire_steps steps;
};

// Adds one check per line. A `must` fails with the expected line, the nearest message, what is
// different in it, and whom that speaks against. False with the place when a line is wrong or
// memory runs out. `block` may be NULL: then nothing is expected.
MUST_USE bool wire_checks_run(const struct cell_evidence *evidence, const struct block *block,
                              struct check_list *checks, struct wire_result *out_result,
                              struct block_fault *out_fault);

#endif
