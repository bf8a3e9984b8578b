// scripted_provider.h - another provider, but public values and shared secrets come from a
// script: for replays of recorded exchanges and for tests with published keys.
#ifndef REFGW_CRYPTO_SCRIPTED_SCRIPTED_PROVIDER_H
#define REFGW_CRYPTO_SCRIPTED_SCRIPTED_PROVIDER_H

#include "refgw/crypto/provider.h"

// One key agreement as it was recorded. The views are borrowed for as long as the script.
struct scripted_agreement {
    enum key_exchange_method method;
    struct byte_view public_value;
    struct byte_view shared;
};

// The script travels as the random source, so that two engines in one program can follow two
// scripts. Agreements are taken in order; all other draws go to `others`.
struct agreement_script {
    const struct scripted_agreement *agreements;
    size_t count;
    size_t taken;
    const struct random_source *others; // borrowed
};

// Everything of `base` except key agreement. key_agreement_new() returns NULL when its random
// source is not a script, the script is at its end, or its next agreement has another method.
// Deriving accepts every peer value of the right size.
struct crypto_provider scripted_provider(const struct crypto_provider *base);
// The random source to give to whoever uses the scripted provider. Borrows the script.
struct random_source agreement_script_source(struct agreement_script *script);

#endif
