#include "refgw/tests/ikesim/cheap_agreement.h"

#include <stdlib.h>

#include "refgw/crypto/openssl/openssl_provider.h"

enum { CHEAP_MOST = 1024 };

struct key_agreement {
    size_t size;
    uint8_t bytes[CHEAP_MOST];
};

static struct key_agreement *cheap_new(enum key_exchange_method method,
                                       const struct random_source *randomness)
{
    const size_t size = openssl_provider()->key_agreement_size(method);
    struct key_agreement *agreement = NULL;
    if (size == 0 || size > CHEAP_MOST) {
        return NULL;
    }
    agreement = malloc(sizeof(*agreement));
    if (agreement == NULL || !random_fill(randomness, agreement->bytes, size)) {
        free(agreement);
        return NULL;
    }
    agreement->size = size;
    return agreement;
}

static struct byte_view cheap_public(const struct key_agreement *agreement)
{
    return (struct byte_view){.data = agreement->bytes, .size = agreement->size};
}

static bool cheap_derive(struct key_agreement *agreement, struct byte_view peer_public,
                         struct secret *out_shared)
{
    uint8_t shared[CHEAP_MOST];
    if (peer_public.size != agreement->size) {
        return false;
    }
    for (size_t i = 0; i < agreement->size; i++) {
        shared[i] = (uint8_t)(agreement->bytes[i] ^ peer_public.data[i]);
    }
    return secret_set(out_shared, (struct byte_view){.data = shared, .size = agreement->size});
}

static void cheap_free(struct key_agreement *agreement)
{
    free(agreement);
}

struct crypto_provider cheap_provider(const struct crypto_provider *base)
{
    struct crypto_provider provider = *base;
    provider.name = "cheap";
    provider.key_agreement_new = cheap_new;
    provider.key_agreement_public = cheap_public;
    provider.key_agreement_derive = cheap_derive;
    provider.key_agreement_free = cheap_free;
    return provider;
}
