// status_checks.h - the free checks about what the daemons say of their SAs.
#ifndef HARNESS_JUDGE_STATUS_CHECKS_H
#define HARNESS_JUDGE_STATUS_CHECKS_H

#include "harness/judge/cell_evidence.h"

// After each step: when both sides have children, at least one pairs up (one side's spi_out is
// the other's spi_in and back), and a single child on each side must. During a rekey the old
// and the new one may overlap.
void spi_pairs_check(const struct cell_evidence *evidence, struct check *check);
// After a last `down` that went well neither side has an SA left.
void sa_left_check(const struct cell_evidence *evidence, struct check *check);

#endif
