// half_open.h - how much of a responder anybody may occupy without being authenticated.
#ifndef REFGW_IKE_HALF_OPEN_H
#define REFGW_IKE_HALF_OPEN_H

#include "refgw/ike/engine_state.h"

MUST_USE bool half_open_is_full(const struct ike_engine *engine);
// When a half-open SA is given up.
struct instant half_open_deadline(const struct ike_engine *engine, const struct ike_sa *sa);

#endif
