// random.h - where random bytes come from: an argument, so that tests and replays repeat.
#ifndef REFGW_BASE_RANDOM_H
#define REFGW_BASE_RANDOM_H

#include "refgw/base/bytes.h"

struct random_source {
    // Fills `size` bytes. False when the source has failed or has run dry; the caller
    // gives up what it was doing and never uses the bytes then.
    bool (*fill)(void *context, uint8_t *bytes, size_t size);
    void *context;
};

MUST_USE static inline bool random_fill(const struct random_source *source, uint8_t *bytes,
                                        size_t size)
{
    return source->fill(source->context, bytes, size);
}

#endif
