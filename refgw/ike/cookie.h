// cookie.h - making initiators prove their address before they cost anything (RFC 7296,
// section 2.6).
#ifndef REFGW_IKE_COOKIE_H
#define REFGW_IKE_COOKIE_H

#include "refgw/base/clock.h"
#include "refgw/ike/exchange.h"

// The verdict on an IKE_SA_INIT request that would make a new IKE SA.
enum cookie_verdict {
    COOKIE_NOT_NEEDED,
    COOKIE_GOOD,    // it is ours, for this nonce, SPI and address
    COOKIE_MISSING, // none, or not one of ours: a challenge is due
    COOKIE_FAILED,  // no randomness, or no nonce to bind it to: the message is dropped
};
MUST_USE enum cookie_verdict cookie_judge(struct exchange *exchange);
// Answers with a cookie and nothing else; keeps nothing.
void cookie_challenge(struct exchange *exchange);

#endif
