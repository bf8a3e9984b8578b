// cookie_guard.h - what a responder keeps about cookies: two generations of a secret.
#ifndef REFGW_IKE_COOKIE_GUARD_H
#define REFGW_IKE_COOKIE_GUARD_H

#include "refgw/base/clock.h"

enum { COOKIE_SECRET_SIZE = 32 };

struct cookie_secret {
    bool is_set;
    uint8_t version;
    uint8_t bytes[COOKIE_SECRET_SIZE];
};

// A zeroed struct asks nobody and has no secret yet.
struct cookie_guard {
    bool is_on; // stays so until the rush is well over
    struct instant renewed;
    struct cookie_secret current;
    struct cookie_secret previous; // still accepted
};

#endif
