// child_negotiation.h - the part of an exchange that makes a CHILD_SA: SA, TSi, TSr and the
// notifies that belong to them (RFC 7296, sections 1.2, 1.3.1 and 2.9).
#ifndef REFGW_IKE_CHILD_NEGOTIATION_H
#define REFGW_IKE_CHILD_NEGOTIATION_H

#include "refgw/ike/creation.h"
#include "refgw/ike/exchange.h"
#include "refgw/ike/proposal_choice.h"

// Puts the request's payloads. False when the policy leaves nothing to offer.
MUST_USE bool child_put_request(struct ike_engine *engine, const struct policy_child *policy,
                                uint32_t inbound_spi, struct message_draft *draft);

// How a negotiation ended, on either side.
struct child_outcome {
    bool is_installed;
    uint16_t error;          // notify for the answer: NOTIFY_NO_PROPOSAL_CHOSEN ...; 0: none
    const char *reason;      // for the report
    struct ike_child *child; // when it is installed
};

// Whether the request's payloads can be read; if not, the request is INVALID_SYNTAX.
MUST_USE bool child_request_is_readable(const struct exchange *exchange);
// The responder's side: chooses a child of the connection, installs it and puts the answer's
// payloads, or the error notify.
struct child_outcome child_answer(struct exchange *exchange,
                                  const struct policy_connection *connection);
// The initiator's side: checks the answer and installs.
struct child_outcome child_finish(struct exchange *exchange, const struct policy_child *policy,
                                  uint32_t inbound_spi);

// --- In CREATE_CHILD_SA -----------------------------------------------------------------------

// What of `creation` goes into the request, behind N(REKEY_SA). False when the policy leaves
// nothing to offer.
MUST_USE bool child_put_creation(const struct creation *creation, struct message_draft *draft);
// The method of the KE payload to send; KE_NONE for none.
MUST_USE enum key_exchange_method child_first_method(const struct crypto_provider *crypto,
                                                     const struct policy_child *policy);
MUST_USE bool child_offers_method(const struct crypto_provider *crypto,
                                  const struct policy_child *policy,
                                  enum key_exchange_method method);
// The answer to a request of the peer; `old` is what it rekeys, or NULL. `own_nonce` is ours.
// NOTIFY_INVALID_SYNTAX as error: nothing was put, the exchange has failed.
struct child_outcome child_answer_creation(struct exchange *exchange, struct ike_child *old,
                                           struct byte_view own_nonce);
// Checks the answer to our request and installs.
struct child_outcome child_finish_creation(struct exchange *exchange,
                                           const struct creation *creation, bool is_receive_only);
// The SPI that the answer gives, or 0.
MUST_USE uint32_t child_answered_spi(const struct exchange *exchange);

#endif
