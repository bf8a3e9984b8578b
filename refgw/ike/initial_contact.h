// initial_contact.h - INITIAL_CONTACT: the sender knows of no other IKE SA between the two
// identities (RFC 7296, section 2.4).
#ifndef REFGW_IKE_INITIAL_CONTACT_H
#define REFGW_IKE_INITIAL_CONTACT_H

#include "refgw/ike/engine_state.h"

// Whether this initiator's SA is the only one of its connection.
MUST_USE bool initial_contact_is_due(const struct ike_engine *engine, const struct ike_sa *sa);
// Closes every other authenticated SA between the same two identities.
void initial_contact_honour(struct ike_engine *engine, const struct ike_sa *sa);

#endif
