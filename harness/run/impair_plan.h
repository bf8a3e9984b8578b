// impair_plan.h - the `impair` lines that apply under a variant, as rules for the relay.
#ifndef HARNESS_RUN_IMPAIR_PLAN_H
#define HARNESS_RUN_IMPAIR_PLAN_H

#include <stdio.h>

#include "harness/scenario/scenario.h"

// Checks each line the way the relay will read it. False with the place in out_fault.
MUST_USE bool impair_plan_check(const struct scenario *scenario,
                                const struct scenario_variant *variant,
                                struct block_fault *out_fault);
// Writes the rules file: `topology { wan ... }` first, then `impair`. False when writing failed.
MUST_USE bool impair_plan_write(const struct scenario *scenario,
                                const struct scenario_variant *variant, FILE *rules);

#endif
