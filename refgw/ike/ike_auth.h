// ike_auth.h - the IKE_AUTH exchange (RFC 7296, sections 1.2, 2.15 and 2.21.2).
// The handlers of its messages are declared in exchange_rules.h.
#ifndef REFGW_IKE_IKE_AUTH_H
#define REFGW_IKE_IKE_AUTH_H

#include "refgw/ike/engine_state.h"
#include "refgw/wire/message.h"

// Sends the first IKE_AUTH request of an initiator that has keys. False when it cannot be
// written or sent.
MUST_USE bool ike_auth_start(struct ike_engine *engine, struct ike_sa *sa);

// Puts our IDi or IDr and remembers its body for the AUTH payload. False without memory.
MUST_USE bool ike_auth_put_identity(struct ike_sa *sa, const struct policy_identity *identity,
                                    struct message_draft *draft);
// Reports a CHILD_SA that did not come about.
void ike_auth_report_child_failure(struct ike_engine *engine, const struct ike_sa *sa,
                                   const char *child, const char *reason);

#endif
