// auth_peer.h - how the two ends of an IKE SA authenticate: by pre-shared key or by certificate,
// each direction as the connection says (RFC 7296, sections 2.15, 3.6 and 3.7).
#ifndef REFGW_IKE_AUTH_PEER_H
#define REFGW_IKE_AUTH_PEER_H

#include "refgw/ike/exchange.h"
#include "refgw/wire/identification.h"

// --- IKE_SA_INIT --------------------------------------------------------------------------
// SIGNATURE_HASH_ALGORITHMS where signatures are possible on this path, and the responder's
// CERTREQ.
void auth_put_init_request(const struct policy_connection *connection,
                           struct outgoing_draft *draft);
void auth_put_init_answer(const struct ike_engine *engine, const struct ike_sa *sa,
                          const struct network_path *path, struct outgoing_draft *draft);
// Remembers which hashes the peer can verify.
void auth_take_init(const struct exchange *exchange, struct ike_sa *sa);

// --- IKE_AUTH -----------------------------------------------------------------------------
// Our certificates, if we have some; to stand behind our ID payload.
void auth_put_certificates(const struct policy_connection *connection, struct message_draft *draft);
// CERTREQ, if the peer is to show certificates.
void auth_put_request(const struct policy_connection *connection, struct message_draft *draft);
// Our AUTH payload. False when it cannot be made; a report says why.
MUST_USE bool auth_put(struct ike_engine *engine, const struct ike_sa *sa,
                       const struct policy_connection *connection, struct message_draft *draft);
// Whether the peer is who it says in its ID payload `id_body`. If not, a report says why: it must
// not be told.
MUST_USE bool auth_verify(struct exchange *exchange, const struct policy_connection *connection,
                          struct byte_view id_body);
// Whether the identity is the one the policy wants; distinguished names by what they mean.
MUST_USE bool auth_identity_matches(const struct ike_engine *engine,
                                    const struct policy_identity *wanted,
                                    const struct identification *identity);

#endif
