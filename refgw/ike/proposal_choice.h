// proposal_choice.h - offering proposals and choosing one (RFC 7296, sections 2.7 and 3.3;
// RFC 5282, section 8).
//
// How a responder chooses: proposals are tried in the order of the initiator, who was told to
// list what it prefers first; each one against the own proposals in their order. Within the
// first pair that fits, of each transform type the initiator's first one that the own proposal
// also names is taken. The one exception is the key exchange: the method of the KE payload
// that is already there wins if both sides name it, which saves an INVALID_KE_PAYLOAD round.
#ifndef REFGW_IKE_PROPOSAL_CHOICE_H
#define REFGW_IKE_PROPOSAL_CHOICE_H

#include "refgw/crypto/key_schedule.h"
#include "refgw/ike/policy.h"
#include "refgw/wire/message.h"
#include "refgw/wire/security_association.h"

// What proposals are for. Everything else follows from it.
enum proposal_purpose {
    PROPOSAL_FOR_IKE,         // in IKE_SA_INIT: no SPI, a key exchange is required
    PROPOSAL_FOR_FIRST_CHILD, // in IKE_AUTH: SPI of 4 bytes, no key exchange (section 1.2)
    PROPOSAL_FOR_CHILD,       // in CREATE_CHILD_SA: SPI of 4 bytes, a key exchange or none
    PROPOSAL_FOR_IKE_REKEY,   // in CREATE_CHILD_SA: SPI of 8 bytes, a key exchange is required
};

struct proposal_terms {
    enum proposal_purpose purpose;
    const struct crypto_provider *crypto; // what it cannot do is neither offered nor chosen
    const struct policy_proposal *own;
    size_t own_count;
    enum key_exchange_method preferred; // of the KE payload received; KE_NONE without one
};

struct chosen_proposal {
    uint8_t number;
    uint64_t spi; // the other side's; 0 when it has none
    struct aead_choice aead;
    enum prf_transform prf; // IKE
    enum key_exchange_method key_exchange;
    enum sequence_number_transform sequence; // child
    // "NONE" stood in the offer as a transform of its own and has to be repeated.
    bool names_no_integrity;
    bool names_no_key_exchange;
};

// Puts an SA payload with the own proposals, without what the provider or the purpose rules
// out. `spi` is ours, where the purpose has one. False when nothing is left to offer; nothing is
// put then.
MUST_USE bool proposal_put_offer(const struct proposal_terms *terms, uint64_t spi,
                                 struct message_draft *draft);
// Whether an own proposal can be offered; those that can are numbered from 1.
MUST_USE bool proposal_can_be_offered(const struct proposal_terms *terms,
                                      const struct policy_proposal *own);
// The responder's choice, see above. False: NO_PROPOSAL_CHOSEN.
MUST_USE bool proposal_choose(const struct proposal_terms *terms,
                              const struct security_association *offered,
                              struct chosen_proposal *out_chosen);
// Puts the SA payload that tells the choice.
void proposal_put_answer(const struct proposal_terms *terms, const struct chosen_proposal *chosen,
                         uint64_t spi, struct message_draft *draft);
// The initiator's check of the answer: exactly one proposal, exactly one transform of each
// type, all of them from the offer with that number. False: the exchange has failed.
MUST_USE bool proposal_accept(const struct proposal_terms *terms,
                              const struct security_association *answer,
                              struct chosen_proposal *out_chosen);
// Whether the own proposals allow a suite of an IKE SA that was agreed on before.
MUST_USE bool proposal_allows_suite(const struct proposal_terms *terms,
                                    const struct ike_suite *suite);
// Whether the own proposals name a key exchange method that the provider has.
MUST_USE bool proposal_names_key_exchange(const struct proposal_terms *terms,
                                          enum key_exchange_method method);
// The first such method; KE_NONE when there is none.
MUST_USE enum key_exchange_method proposal_first_key_exchange(const struct proposal_terms *terms);

#endif
