// lifetime.h - SAs that have been used long enough: rekeyed at a soft limit, gone at a hard one
// (RFC 7296, section 2.8; RFC 4301, section 4.4.2.1).
//
// The policy gives the hard limits. Rekeying starts at a random point between 80 and 90 percent
// of them, so that two peers with the same limits seldom start at the same moment.
#ifndef REFGW_IKE_LIFETIME_H
#define REFGW_IKE_LIFETIME_H

#include "refgw/ike/engine_state.h"

// Sets the limits of what has just been made.
void lifetime_begin_child(struct ike_engine *engine, struct ike_child *child);
void lifetime_begin_ike_sa(struct ike_engine *engine, struct ike_sa *sa);
// The next moment at which something of this SA is due; false when there is none.
MUST_USE bool lifetime_deadline(const struct ike_sa *sa, struct instant *out_when);
// Does what is due. ike_sa_settle() must follow.
void lifetime_expire(struct ike_engine *engine, struct ike_sa *sa);
// The owner tells how much a CHILD_SA has carried. ike_sa_settle() must follow; the pointer may be
// dead afterwards.
void lifetime_note_usage(struct ike_engine *engine, struct ike_child *child,
                         const struct ike_usage *usage);
// A random duration below `most`; 0 when randomness fails.
MUST_USE struct duration lifetime_jitter(struct ike_engine *engine, struct duration most);

#endif
