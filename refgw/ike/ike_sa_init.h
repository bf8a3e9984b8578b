// ike_sa_init.h - the IKE_SA_INIT exchange (RFC 7296, sections 1.2, 2.6, 2.7 and 2.10).
// The handlers of its messages are declared in exchange_rules.h.
#ifndef REFGW_IKE_IKE_SA_INIT_H
#define REFGW_IKE_IKE_SA_INIT_H

#include "refgw/ike/engine_state.h"
#include "refgw/ike/proposal_choice.h"

// Makes an IKE SA in the table and sends its first request. `child` is what IKE_AUTH will ask
// for. False when memory, randomness or algorithms are missing; nothing has changed then.
MUST_USE bool ike_sa_init_start(struct ike_engine *engine,
                                const struct policy_connection *connection,
                                const struct policy_child *child);

// Shared by both sides.
struct proposal_terms ike_proposal_terms(const struct ike_engine *engine,
                                         const struct policy_connection *connection,
                                         enum key_exchange_method preferred);
MUST_USE bool ike_make_nonce(struct ike_engine *engine, struct octets *out_nonce);
void ike_put_key_exchange(struct message_draft *draft, enum key_exchange_method method,
                          struct byte_view public_value);
// Whether a nonce has at least half the key size of the prf.
MUST_USE bool ike_nonce_is_long_enough(const struct ike_engine *engine, struct byte_view nonce,
                                       enum prf_transform prf);
void ike_report_nat(struct ike_engine *engine, const struct ike_sa *sa);
void ike_log_keys(struct ike_engine *engine, const struct ike_sa *sa);

#endif
