// system_clock.h - the time of this machine.
#ifndef REFGW_IO_SYSTEM_CLOCK_H
#define REFGW_IO_SYSTEM_CLOCK_H

#include "refgw/base/clock.h"

struct instant system_clock_now(void);     // CLOCK_MONOTONIC
uint64_t system_clock_wall_us(void);       // CLOCK_REALTIME, for logs and captures
int64_t system_clock_calendar_start(void); // seconds since 1970 UTC when system_clock_now() was 0

#endif
