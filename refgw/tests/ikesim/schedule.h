// schedule.h - one simulation by seed: what the network does to every datagram, and who gives
// which command when.
#ifndef REFGW_TESTS_IKESIM_SCHEDULE_H
#define REFGW_TESTS_IKESIM_SCHEDULE_H

#include "refgw/tests/ikesim/simulation.h"

struct seed_result {
    struct violation violation; // invariant NULL: none
    size_t datagrams;
    size_t packets;
    unsigned packets_lost;
    unsigned packets_late;
    unsigned lifetimes_ended; // before a rekey came through a bad network
    unsigned commands;
    struct instant end;
};

// Runs the seed from beginning to end. Trace and script may be NULL.
void schedule_run(uint64_t seed, FILE *trace, FILE *script, struct seed_result *out_result);

#endif
