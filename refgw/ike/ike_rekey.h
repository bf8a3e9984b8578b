// ike_rekey.h - an IKE SA takes the place of another (RFC 7296, sections 1.3.2, 2.8, 2.8.2, 2.18
// and 2.25.2). Its messages are handled in ike_rekey_exchange.c.
//
// Who answered the rekey hands the children over at once, unless an own request to rekey is out:
// then both new SAs wait until it is known which one stays.
#ifndef REFGW_IKE_IKE_REKEY_H
#define REFGW_IKE_IKE_REKEY_H

#include "refgw/crypto/key_schedule.h"
#include "refgw/ike/engine_state.h"

// What the exchange has agreed on for the new SA.
struct successor_terms {
    bool is_initiator; // we sent the request
    uint64_t initiator_spi;
    uint64_t responder_spi;
    struct ike_suite suite;
    struct byte_view own_nonce;
    struct byte_view peer_nonce;
    struct byte_view shared;  // g^ir
    struct byte_view request; // identifies it: the request that asked for it, as it travelled
};

// Makes the new SA: established, with keys and everything known about the peer, without children.
// NULL when memory runs out or an algorithm is missing; nothing has changed then.
MUST_USE struct ike_sa *ike_rekey_make_successor(struct ike_engine *engine,
                                                 const struct ike_sa *old,
                                                 const struct successor_terms *terms);
// The successor takes over: children and what was to be asked. Only the end of `old` is awaited
// then.
void ike_rekey_hand_over(struct ike_engine *engine, struct ike_sa *old, struct ike_sa *successor);
// A new request came: if its SA is one of two competing ones, and it is no Delete for that SA, the
// peer has chosen it.
struct exchange;
void ike_rekey_note_request(const struct exchange *exchange);
// The peer closes `old` while our own rekey is out: it did not see ours, its own SA stays (section
// 2.8.2).
void ike_rekey_note_close(struct ike_engine *engine, struct ike_sa *old);
// The other one of two competing SAs; NULL when there is none.
MUST_USE struct ike_sa *ike_rekey_rival(const struct ike_engine *engine, const struct ike_sa *old);
// When an SA that was replaced is closed although the peer has not asked for it.
MUST_USE bool ike_rekey_deadline(const struct ike_sa *sa, struct instant *out_when);
void ike_rekey_give_up_waiting(struct ike_engine *engine, struct ike_sa *sa);

#endif
