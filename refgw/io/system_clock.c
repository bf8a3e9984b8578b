#include "refgw/io/system_clock.h"

#include <time.h>

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

uint64_t system_clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME) / 1000U;
}
