// children.h - CHILD_SAs coming and going under an IKE SA.
#ifndef REFGW_IKE_CHILDREN_H
#define REFGW_IKE_CHILDREN_H

#include "refgw/ike/engine_state.h"
#include "refgw/ike/proposal_choice.h"

enum { IKE_SA_MOST_CHILDREN = 256 };

// A random inbound SPI that no CHILD_SA of this engine uses; 0 to 255 are reserved (RFC 4303,
// section 2.1). False when randomness fails.
MUST_USE bool child_choose_spi(struct ike_engine *engine, uint32_t *out_spi);

// Everything two peers agreed on for one CHILD_SA.
struct child_agreement {
    const struct policy_child *policy;
    const struct chosen_proposal *proposal;
    uint32_t inbound_spi;
    uint32_t outbound_spi;
    enum child_sa_mode mode;
    bool is_exchange_initiator; // whether we sent the request that makes it
    bool is_receive_only;       // outbound traffic waits, see child_start_sending()
    uint32_t replaces;          // id of the CHILD_SA it rekeys; 0: none
    struct byte_view initiator_nonce;
    struct byte_view responder_nonce;
    struct byte_view shared; // empty without PFS
    const struct selector_set *local_selectors;
    const struct selector_set *remote_selectors;
};

// Derives the keys, installs and reports it. NULL when an algorithm is missing, memory runs
// out or there are too many; nothing has changed then.
MUST_USE struct ike_child *child_install(struct ike_engine *engine, struct ike_sa *sa,
                                         const struct child_agreement *agreement);
// Removes and reports it. Where another one of the same name stays, packets of the peer that are
// still on the way are let in for a moment. The pointer is dead afterwards.
void child_remove(struct ike_engine *engine, struct ike_child *child, const char *reason);
// Queues its deletion, unless that is so already. Without memory it goes without a word.
void child_delete(struct ike_engine *engine, struct ike_child *child, const char *reason);
// Whether a request to rekey it is out or waiting.
MUST_USE bool child_is_to_be_rekeyed(const struct ike_child *child);
// Another one has taken its place; `reason` is that of its end. Its deletion is for the peer.
void child_set_replaced(struct ike_engine *engine, struct ike_child *child, const char *reason);
// The peer is known to receive on it: outbound traffic may use it.
void child_start_sending(struct ike_engine *engine, struct ike_child *child);
// A new request came: the peer has our answers to all before, and what they made.
void children_confirm(struct ike_engine *engine, struct ike_sa *sa);
// The peer's endpoint has changed: tells ESP for all children.
void children_move(struct ike_engine *engine, struct ike_sa *sa);
// All children of `from` belong to `to` from now on (RFC 7296, section 2.8).
void children_hand_over(struct ike_sa *from, struct ike_sa *to);
// The first one made for this policy that is to stay; NULL when there is none.
MUST_USE struct ike_child *child_of_policy(const struct ike_sa *sa,
                                           const struct policy_child *policy);
// When the next retired one is to be removed; false when there is none.
MUST_USE bool children_retired_deadline(const struct ike_sa *sa, struct instant *out_when);
// Removes those that have been retired long enough, or all of them.
void children_drop_retired(struct ike_engine *engine, struct ike_sa *sa, bool all);

#endif
