// probe_plan.h - the `traffic NAME { udp ... }` block of a scenario as numbers.
#ifndef HARNESS_RUN_PROBE_PLAN_H
#define HARNESS_RUN_PROBE_PLAN_H

#include "harness/scenario/scenario.h"
#include "refgw/base/address.h"

struct probe_plan {
    unsigned size; // of the UDP payload in bytes
    unsigned rate; // datagrams a second and direction
    enum address_family family;
};

// Reads `udp size 200 rate 200/s between west-lan east-lan` (west-lan6 east-lan6 for IPv6) under
// the variant. False with the place and what is allowed in out_fault.
MUST_USE bool probe_plan_read(const struct scenario *scenario,
                              const struct scenario_variant *variant, struct probe_plan *out_plan,
                              struct block_fault *out_fault);

#endif
