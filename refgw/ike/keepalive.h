// keepalive.h - keeping a NAT in front of us from forgetting its mapping (RFC 3948, section 4).
#ifndef REFGW_IKE_KEEPALIVE_H
#define REFGW_IKE_KEEPALIVE_H

#include "refgw/ike/engine_state.h"

// When the next one is due; false when nobody needs any: we are not behind a NAT, not on port
// 4500, or they are switched off.
MUST_USE bool keepalive_deadline(const struct ike_engine *engine, const struct ike_sa *sa,
                                 struct instant *out_when);
void keepalive_send(struct ike_engine *engine, struct ike_sa *sa);

#endif
