// key_agreement_family.h - MODP, ECP and Montgomery curves behind one face.
#ifndef REFGW_CRYPTO_OPENSSL_KEY_AGREEMENT_FAMILY_H
#define REFGW_CRYPTO_OPENSSL_KEY_AGREEMENT_FAMILY_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "refgw/crypto/provider.h"

enum { KEY_AGREEMENT_MOST_PUBLIC_SIZE = 1024 };

struct key_agreement_group;

struct key_agreement_family {
    // Draws the private key and computes the public value. The caller frees the agreement
    // when this fails.
    bool (*start)(struct key_agreement *agreement, const struct random_source *randomness);
    // `peer_public` has the right size. `out_shared` has shared_size bytes.
    bool (*derive)(const struct key_agreement *agreement, const uint8_t *peer_public,
                   uint8_t *out_shared);
};

struct key_agreement_group {
    enum key_exchange_method method;
    const struct key_agreement_family *family;
    int nid;                             // OpenSSL's number of the curve
    BIGNUM *(*modp_prime)(BIGNUM *into); // of MODP groups
    size_t private_size;
    size_t public_size;
    size_t shared_size;
};

struct key_agreement {
    const struct key_agreement_group *group;
    struct secret private_key;
    EVP_PKEY *montgomery_key; // the private key once more: making one costs a multiplication
    uint8_t public_value[KEY_AGREEMENT_MOST_PUBLIC_SIZE];
};

extern const struct key_agreement_family key_agreement_modp;
extern const struct key_agreement_family key_agreement_ecp;
extern const struct key_agreement_family key_agreement_montgomery;

#endif
