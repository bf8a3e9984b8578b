// expectation.h - what a step script says must be seen.
#ifndef REFGW_TESTS_IKESIM_EXPECTATION_H
#define REFGW_TESTS_IKESIM_EXPECTATION_H

#include "refgw/base/block.h"
#include "refgw/tests/ikesim/simulation.h"

// Judges one `expect` statement; false with what was seen instead.
MUST_USE bool expectation_holds(struct simulation *simulation,
                                const struct block_statement *statement,
                                struct block_fault *out_fault);

#endif
