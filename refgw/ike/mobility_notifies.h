// mobility_notifies.h - the notifications of MOBIKE (RFC 4555, section 4.2).
#ifndef REFGW_IKE_MOBILITY_NOTIFIES_H
#define REFGW_IKE_MOBILITY_NOTIFIES_H

#include "refgw/ike/exchange.h"

// ADDITIONAL_IP4_ADDRESS and ADDITIONAL_IP6_ADDRESS for all announced addresses but the one in
// use. `says_none`: NO_ADDITIONAL_ADDRESSES when there is nothing else to say.
void mobility_notifies_put_addresses(const struct ike_sa *sa, bool says_none,
                                     struct outgoing_draft *draft);
// Replaces the list by what the message says; false, and the list as it was, when it says nothing
// about addresses.
bool mobility_notifies_take_addresses(const struct exchange *exchange, struct address_list *list);

void mobility_notifies_put_no_nats(const struct network_path *path, struct outgoing_draft *draft);
// False when there is a NO_NATS_ALLOWED that tells other addresses than the message came from; the
// answer then is UNEXPECTED_NAT_DETECTED.
MUST_USE bool mobility_notifies_allow_path(struct exchange *exchange);

#endif
