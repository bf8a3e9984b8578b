// creation.h - what a CREATE_CHILD_SA request of ours has to remember until its answer
// (RFC 7296, section 1.3), and what else was learnt while it was out (sections 2.8 and 2.25).
#ifndef REFGW_IKE_CREATION_H
#define REFGW_IKE_CREATION_H

#include "refgw/ike/initial_exchange.h"
#include "refgw/ike/policy.h"

struct ike_engine;

enum { CREATION_MOST_DELETED = 8 };

// What happens to the task after its answer.
enum creation_sequel {
    CREATION_OVER,
    CREATION_AGAIN, // at once, with another key exchange
    CREATION_LATER, // at `retry_at`
};

struct creation {
    const struct crypto_provider *crypto;
    const struct policy_child *policy; // of the CHILD_SA it makes; NULL: it makes an IKE SA
    uint32_t inbound_spi;              // of that CHILD_SA
    uint32_t replaces;                 // id of the CHILD_SA it rekeys, or 0
    uint64_t ike_spi;                  // ours, of that IKE SA
    struct octets own_nonce;
    struct key_agreement *agreement; // NULL: the request carries no KE payload
    enum key_exchange_method tried[INITIAL_MOST_METHODS];
    size_t tried_count;                   // the last one tried is in use
    enum key_exchange_method next_method; // that the peer asked for; KE_NONE: our own first one
    // The peer rekeyed the same SA meanwhile: the lower of the two nonces of its exchange.
    struct octets rival_nonce; // empty: it did not
    // CHILD_SAs that the peer deleted before we knew them, by its inbound SPI.
    uint32_t deleted_spis[CREATION_MOST_DELETED];
    size_t deleted_count;
    enum creation_sequel sequel;
    struct instant retry_at;
    unsigned attempts; // that the peer put off
};

// NULL when memory runs out. `policy` as above.
MUST_USE struct creation *creation_new(const struct crypto_provider *crypto,
                                       const struct policy_child *policy);
void creation_free(struct creation *creation); // accepts NULL
// A new nonce, and a private key for `method` unless that is KE_NONE. False when randomness,
// memory or the algorithm is missing.
MUST_USE bool creation_draw(struct ike_engine *engine, struct creation *creation,
                            enum key_exchange_method method);
// The method of the KE payload in the request; KE_NONE without one.
MUST_USE enum key_exchange_method creation_method(const struct creation *creation);
MUST_USE bool creation_has_tried(const struct creation *creation, enum key_exchange_method method);
// Forgets what belonged to one request; what is to be tried again starts from here.
void creation_start_over(struct creation *creation);
// Whether the peer has deleted the CHILD_SA that its answer makes.
MUST_USE bool creation_was_deleted(const struct creation *creation, uint32_t peer_spi);
void creation_note_deleted(struct creation *creation, uint32_t peer_spi);
// The peer's request of the same kind was answered.
MUST_USE bool creation_note_rival(struct creation *creation, struct byte_view initiator_nonce,
                                  struct byte_view responder_nonce);
MUST_USE bool creation_has_rival(const struct creation *creation);
// Whether our exchange has the lowest of all four nonces: then what it made is redundant, and
// it is for us to delete it. There must be a rival.
MUST_USE bool creation_is_redundant(const struct creation *creation, struct byte_view peer_nonce);

// The lower one, octet by octet; of two that begin alike the shorter one (section 2.8.1).
MUST_USE struct byte_view nonce_lower(struct byte_view left, struct byte_view right);

#endif
