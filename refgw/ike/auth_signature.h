// auth_signature.h - proving and checking an identity with a digital signature: method 14
// (RFC 7427), 9 to 11 (RFC 4754) and, to verify only, 1 (RFC 7296, section 2.15).
#ifndef REFGW_IKE_AUTH_SIGNATURE_H
#define REFGW_IKE_AUTH_SIGNATURE_H

#include "refgw/crypto/signature.h"
#include "refgw/ike/engine_state.h"
#include "refgw/wire/message.h"

// Puts our AUTH payload, made with the connection's key; sa->initial->own_id_body must be what
// our ID payload holds. False when the peer can verify nothing that the key can do.
MUST_USE bool auth_signature_put(const struct ike_engine *engine, const struct ike_sa *sa,
                                 const struct policy_connection *connection,
                                 struct message_draft *draft);

// NULL when `auth_body` is the peer's AUTH payload, signed with `key`, for `id_body` as it was
// received; else a short fixed word.
MUST_USE const char *auth_signature_verify(const struct ike_engine *engine, const struct ike_sa *sa,
                                           const struct policy_connection *connection,
                                           const struct public_key *key, struct byte_view id_body,
                                           struct byte_view auth_body);

#endif
