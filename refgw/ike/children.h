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
    struct byte_view initiator_nonce;
    struct byte_view responder_nonce;
    struct byte_view shared; // empty without PFS
    const struct selector_set *local_selectors;
    const struct selector_set *remote_selectors;
};

// Derives the keys, installs and reports it. False when an algorithm is missing, memory runs
// out or there are too many; nothing has changed then.
MUST_USE bool child_install(struct ike_engine *engine, struct ike_sa *sa,
                            const struct child_agreement *agreement);
// Removes and reports it. The pointer is dead afterwards.
void child_remove(struct ike_engine *engine, struct ike_child *child, const char *reason);
// The peer's endpoint has changed: tells ESP for all children.
void children_move(struct ike_engine *engine, struct ike_sa *sa);

#endif
