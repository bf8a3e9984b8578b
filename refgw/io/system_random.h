// system_random.h - random bytes from the kernel.
#ifndef REFGW_IO_SYSTEM_RANDOM_H
#define REFGW_IO_SYSTEM_RANDOM_H

#include "refgw/base/random.h"

// getrandom(2): blocks only until the kernel's generator was seeded once after boot.
struct random_source system_random(void);

#endif
