// clock.h - points in time and durations that cannot be mixed up. Reads no clock.
#ifndef REFGW_BASE_CLOCK_H
#define REFGW_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct instant {
    uint64_t nanoseconds; // since an arbitrary start, never going back
};

struct duration {
    uint64_t nanoseconds;
};

static inline struct duration duration_milliseconds(uint64_t count)
{
    return (struct duration){.nanoseconds = count * 1000000U};
}

static inline struct duration duration_seconds(uint64_t count)
{
    return (struct duration){.nanoseconds = count * 1000000000U};
}

static inline struct instant instant_after(struct instant start, struct duration later)
{
    return (struct instant){.nanoseconds = start.nanoseconds + later.nanoseconds};
}

static inline bool instant_is_before(struct instant left, struct instant right)
{
    return left.nanoseconds < right.nanoseconds;
}

// How long it is from `now` until `when`; zero when `when` has passed.
static inline struct duration instant_until(struct instant now, struct instant when)
{
    const uint64_t left =
        when.nanoseconds > now.nanoseconds ? when.nanoseconds - now.nanoseconds : 0;
    return (struct duration){.nanoseconds = left};
}

#endif
