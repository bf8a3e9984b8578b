#include "refgw/io/system_clock.h"

#include <time.h>

enum { NANOSECONDS = 1000000000 };

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now); // fails only for clocks that do not exist
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

struct instant system_clock_now(void)
{
    return (struct instant){.nanoseconds = read_clock(CLOCK_MONOTONIC)};
}

int64_t system_clock_calendar_start(void)
{
    const uint64_t wall = read_clock(CLOCK_REALTIME) / NANOSECONDS;
    return (int64_t)wall - (int64_t)(read_clock(CLOCK_MONOTONIC) / NANOSECONDS);
}

uint64_t system_clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME) / 1000U;
}
