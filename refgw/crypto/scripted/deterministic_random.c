#include "refgw/crypto/scripted/deterministic_random.h"

void deterministic_random_init(struct deterministic_random *random, uint64_t seed)
{
    *random = (struct deterministic_random){.state = seed};
}

// SplitMix64: a Weyl sequence through a mixing function, so that neighbouring seeds differ.
uint64_t deterministic_random_next(struct deterministic_random *random)
{
    random->state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = random->state;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebU;
    return mixed ^ mixed >> 31;
}

static bool fill(void *context, uint8_t *bytes, size_t size)
{
    struct deterministic_random *random = context;
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        if (i % sizeof(number) == 0) {
            number = deterministic_random_next(random);
        }
        bytes[i] = (uint8_t)(number >> (8 * (i % sizeof(number))));
    }
    return true;
}

struct random_source deterministic_random_source(struct deterministic_random *random)
{
    return (struct random_source){.fill = fill, .context = random};
}
