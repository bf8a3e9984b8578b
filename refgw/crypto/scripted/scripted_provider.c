#include "refgw/crypto/scripted/scripted_provider.h"

#include <stdlib.h>

// What a provider's key agreement is here: a place in the script.
struct key_agreement {
    struct scripted_agreement scripted;
};

static bool fill_from_others(void *context, uint8_t *bytes, size_t size)
{
    const struct agreement_script *script = context;
    return random_fill(script->others, bytes, size);
}

struct random_source agreement_script_source(struct agreement_script *script)
{
    return (struct random_source){.fill = fill_from_others, .context = script};
}

static struct key_agreement *scripted_new(enum key_exchange_method method,
                                          const struct random_source *randomness)
{
    if (randomness->fill != fill_from_others) {
        return NULL;
    }
    struct agreement_script *script = randomness->context;
    if (script->taken == script->count || script->agreements[script->taken].method != method) {
        return NULL;
    }
    struct key_agreement *agreement = malloc(sizeof(*agreement));
    if (agreement != NULL) {
        agreement->scripted = script->agreements[script->taken];
        script->taken++;
    }
    return agreement;
}

static struct byte_view scripted_public(const struct key_agreement *agreement)
{
    return agreement->scripted.public_value;
}

static bool scripted_derive(struct key_agreement *agreement, struct byte_view peer_public,
                            struct secret *out_shared)
{
    return peer_public.size == agreement->scripted.public_value.size &&
           secret_set(out_shared, agreement->scripted.shared);
}

static void scripted_free(struct key_agreement *agreement)
{
    free(agreement);
}

struct crypto_provider scripted_provider(const struct crypto_provider *base)
{
    struct crypto_provider provider = *base;
    provider.name = "scripted";
    provider.key_agreement_new = scripted_new;
    provider.key_agreement_public = scripted_public;
    provider.key_agreement_derive = scripted_derive;
    provider.key_agreement_free = scripted_free;
    return provider;
}
