// auth_psk.h - proving and checking an identity with a pre-shared key (RFC 7296, section 2.15).
#ifndef REFGW_IKE_AUTH_PSK_H
#define REFGW_IKE_AUTH_PSK_H

#include "refgw/ike/engine_state.h"
#include "refgw/wire/message.h"

// Puts our AUTH payload; sa->initial->own_id_body must be what our ID payload holds. False
// when the provider fails or there is no key.
MUST_USE bool auth_psk_put(const struct ike_engine *engine, const struct ike_sa *sa,
                           const struct policy_connection *connection, struct message_draft *draft);
// Whether `auth_body` is the peer's AUTH payload for `id_body` as it was received, RESERVED
// bytes included, and the connection's key.
MUST_USE bool auth_psk_verify(const struct ike_engine *engine, const struct ike_sa *sa,
                              const struct policy_connection *connection, struct byte_view id_body,
                              struct byte_view auth_body);

#endif
