// initial_exchange.h - what an IKE SA has to remember until its peer is authenticated, and
// not a moment longer (RFC 7296, sections 1.2 and 2.15).
#ifndef REFGW_IKE_INITIAL_EXCHANGE_H
#define REFGW_IKE_INITIAL_EXCHANGE_H

#include "refgw/base/clock.h"
#include "refgw/crypto/provider.h"
#include "refgw/ike/octets.h"

enum {
    OWN_NONCE_SIZE = 32,       // half the key size of any prf here fits (section 2.10)
    INITIAL_MOST_METHODS = 16, // key exchange methods tried after INVALID_KE_PAYLOAD
    INITIAL_MOST_COOKIES = 8,  // challenges answered for one IKE SA
};

struct initial_exchange {
    struct octets own_message; // IKE_SA_INIT, as it travelled last
    struct octets peer_message;
    struct octets own_nonce;
    struct octets peer_nonce;
    struct octets own_id_body; // IDi or IDr, as sent
    uint32_t peer_hashes;      // that the peer can verify signatures with (signature.h)
    // The rest is the initiator's.
    struct key_agreement *agreement; // until the answer came
    enum key_exchange_method tried[INITIAL_MOST_METHODS];
    size_t tried_count;   // the last one tried is in use
    struct octets cookie; // to be sent in front; empty: none asked for
    size_t cookie_count;
    uint32_t inbound_spi; // of the first CHILD_SA
    // An error that anybody could have sent: believed when nothing better came by then.
    const char *failure; // NULL: none
    struct instant failure_deadline;
};

// NULL when memory runs out.
MUST_USE struct initial_exchange *initial_exchange_new(void);
void initial_exchange_free(struct initial_exchange *initial, const struct crypto_provider *crypto);

#endif
