// step_checks.h - how the steps went, and who kept one from going on.
#ifndef HARNESS_JUDGE_STEP_CHECKS_H
#define HARNESS_JUDGE_STEP_CHECKS_H

#include "harness/judge/cell_evidence.h"

// One check per step, severity must. A condition that did not come true speaks against the
// side that owed the next message although the relay had delivered the one before; or, when an
// error was answered, against nobody yet: the answer is shown. An operation that is not
// supported leaves its check not-reached.
void step_checks_run(const struct cell_evidence *evidence, struct check_list *checks);

// Whether a step's operation answered "not supported"; the step's number.
MUST_USE bool step_unsupported(const struct cell_evidence *evidence, unsigned *out_step);
// The first error notify that a side sent (as sent, in its own words), or RECORD_NONE. `out_name`
// gets its type ("NO_PROPOSAL_CHOSEN").
MUST_USE size_t find_refusal(const struct cell_evidence *evidence, enum capture_side from,
                             char *out_name, size_t size);

#endif
