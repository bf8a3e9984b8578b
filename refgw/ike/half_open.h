// half_open.h - how much of a responder anybody may occupy without being authenticated.
#ifndef REFGW_IKE_HALF_OPEN_H
#define REFGW_IKE_HALF_OPEN_H

#include "refgw/ike/engine_state.h"

// Whether no more half-open SAs are taken, from anybody or from this source. An IPv6 source is
// its /64: whoever has one address there has them all.
MUST_USE bool half_open_is_full(const struct ike_engine *engine);
MUST_USE bool half_open_is_full_for(const struct ike_engine *engine,
                                    const struct ip_address *source);
// Counts an SA in and out; called where its state changes.
void half_open_enter(struct ike_sa_table *table, struct ike_sa *sa);
void half_open_leave(struct ike_sa_table *table, struct ike_sa *sa);
// When a half-open SA is given up.
struct instant half_open_deadline(const struct ike_engine *engine, const struct ike_sa *sa);

#endif
