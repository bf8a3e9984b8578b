#include "refgw/ike/initial_exchange.h"

#include <stdlib.h>

struct initial_exchange *initial_exchange_new(void)
{
    return calloc(1, sizeof(struct initial_exchange));
}

void initial_exchange_free(struct initial_exchange *initial, const struct crypto_provider *crypto)
{
    if (initial == NULL) {
        return;
    }
    octets_clear(&initial->own_message);
    octets_clear(&initial->peer_message);
    octets_clear(&initial->own_nonce);
    octets_clear(&initial->peer_nonce);
    octets_clear(&initial->own_id_body);
    octets_clear(&initial->cookie);
    crypto->key_agreement_free(initial->agreement);
    free(initial);
}
