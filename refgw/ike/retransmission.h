// retransmission.h - when a request is sent again (RFC 7296, section 2.4).
#ifndef REFGW_IKE_RETRANSMISSION_H
#define REFGW_IKE_RETRANSMISSION_H

#include "refgw/base/bytes.h"
#include "refgw/ike/policy.h"

struct retransmission {
    struct duration wait;    // between the last transmission and the deadline
    struct instant deadline; // of the next repetition, or of giving up
    uint32_t repeated;
};

void retransmission_start(struct retransmission *timer, const struct policy_retransmission *policy,
                          struct instant now);
// To be called when the deadline has passed. True: send it again, the next deadline is set.
// False: all repetitions are used up.
MUST_USE bool retransmission_repeat(struct retransmission *timer,
                                    const struct policy_retransmission *policy, struct instant now);

#endif
