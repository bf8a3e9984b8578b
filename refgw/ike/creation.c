#include "refgw/ike/creation.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/ike/engine_state.h"
#include "refgw/ike/ike_sa_init.h"

struct creation *creation_new(const struct crypto_provider *crypto,
                              const struct policy_child *policy)
{
    struct creation *creation = calloc(1, sizeof(*creation));
    if (creation != NULL) {
        creation->crypto = crypto;
        creation->policy = policy;
    }
    return creation;
}

void creation_start_over(struct creation *creation)
{
    octets_clear(&creation->own_nonce);
    octets_clear(&creation->rival_nonce);
    creation->crypto->key_agreement_free(creation->agreement);
    creation->agreement = NULL;
    creation->deleted_count = 0;
    creation->sequel = CREATION_OVER;
}

void creation_free(struct creation *creation)
{
    if (creation != NULL) {
        creation_start_over(creation);
        free(creation);
    }
}

bool creation_draw(struct ike_engine *engine, struct creation *creation,
                   enum key_exchange_method method)
{
    //= rfc7296#section-2.10
    //# Nonces used in IKEv2 MUST be randomly chosen, MUST be at least 128 bits in size, and MUST
    //# be at least half the key size of the negotiated pseudorandom function (PRF).
    if (!ike_make_nonce(engine, &creation->own_nonce)) {
        return false;
    }
    if (method == KE_NONE) {
        return true;
    }
    if (creation->tried_count == INITIAL_MOST_METHODS) {
        return false;
    }
    creation->agreement = creation->crypto->key_agreement_new(method, &engine->setup.randomness);
    if (creation->agreement == NULL) {
        return false;
    }
    creation->tried[creation->tried_count] = method;
    creation->tried_count++;
    return true;
}

enum key_exchange_method creation_method(const struct creation *creation)
{
    return creation->agreement == NULL ? KE_NONE : creation->tried[creation->tried_count - 1];
}

bool creation_has_tried(const struct creation *creation, enum key_exchange_method method)
{
    for (size_t i = 0; i < creation->tried_count; i++) {
        if (creation->tried[i] == method) {
            return true;
        }
    }
    return false;
}

bool creation_was_deleted(const struct creation *creation, uint32_t peer_spi)
{
    for (size_t i = 0; i < creation->deleted_count; i++) {
        if (creation->deleted_spis[i] == peer_spi) {
            return true;
        }
    }
    return false;
}

void creation_note_deleted(struct creation *creation, uint32_t peer_spi)
{
    if (creation->deleted_count < CREATION_MOST_DELETED) {
        creation->deleted_spis[creation->deleted_count] = peer_spi;
        creation->deleted_count++;
    }
}

struct byte_view nonce_lower(struct byte_view left, struct byte_view right)
{
    //= rfc7296#section-2.8.1
    //# "Lowest" means an octet-by-octet comparison (instead of, for instance, comparing the nonces
    //# as large integers).
    return view_compare(left, right) <= 0 ? left : right;
}

bool creation_note_rival(struct creation *creation, struct byte_view initiator_nonce,
                         struct byte_view responder_nonce)
{
    return octets_set(&creation->rival_nonce, nonce_lower(initiator_nonce, responder_nonce));
}

bool creation_has_rival(const struct creation *creation)
{
    return creation->rival_nonce.size > 0;
}

bool creation_is_redundant(const struct creation *creation, struct byte_view peer_nonce)
{
    const struct byte_view ours = nonce_lower(octets_view(&creation->own_nonce), peer_nonce);
    const struct byte_view lowest = nonce_lower(ours, octets_view(&creation->rival_nonce));
    return lowest.data == ours.data;
}
