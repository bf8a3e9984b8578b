// liveness.h - asking a silent peer whether it is still there (RFC 7296, section 2.4).
#ifndef REFGW_IKE_LIVENESS_H
#define REFGW_IKE_LIVENESS_H

#include "refgw/ike/ike_sa.h"

// When the silence has lasted too long; false when nobody is waiting for that: not
// established, switched off, or a request is outstanding, which is a probe in itself.
MUST_USE bool liveness_deadline(const struct ike_sa *sa, struct instant *out_when);
// Wants an empty INFORMATIONAL to be sent.
void liveness_probe(struct ike_sa *sa);

#endif
