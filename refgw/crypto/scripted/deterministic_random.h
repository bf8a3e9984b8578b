// deterministic_random.h - random bytes that repeat, for tests, replays and fuzzing. Never
// for keys that protect anything.
#ifndef REFGW_CRYPTO_SCRIPTED_DETERMINISTIC_RANDOM_H
#define REFGW_CRYPTO_SCRIPTED_DETERMINISTIC_RANDOM_H

#include "refgw/base/random.h"

struct deterministic_random {
    uint64_t state;
};

void deterministic_random_init(struct deterministic_random *random, uint64_t seed);
// The source borrows `random`. The bytes depend on the seed and on the sizes of the draws
// before, and on nothing else.
struct random_source deterministic_random_source(struct deterministic_random *random);
// The next number, for tests that want one without going through bytes.
uint64_t deterministic_random_next(struct deterministic_random *random);

#endif
