// primitives.h - pseudorandom functions, key agreements and digests of the OpenSSL provider.
// Each function is the member of struct crypto_provider with the same name.
#ifndef REFGW_CRYPTO_OPENSSL_PRIMITIVES_H
#define REFGW_CRYPTO_OPENSSL_PRIMITIVES_H

#include "refgw/crypto/provider.h"

MUST_USE size_t openssl_prf_size(enum prf_transform prf);
MUST_USE bool openssl_prf(enum prf_transform prf, struct byte_view key,
                          const struct byte_view *parts, size_t part_count, uint8_t *out);

MUST_USE size_t openssl_key_agreement_size(enum key_exchange_method method);
MUST_USE struct key_agreement *openssl_key_agreement_new(enum key_exchange_method method,
                                                         const struct random_source *randomness);
struct byte_view openssl_key_agreement_public(const struct key_agreement *agreement);
MUST_USE bool openssl_key_agreement_derive(struct key_agreement *agreement,
                                           struct byte_view peer_public, struct secret *out_shared);
void openssl_key_agreement_free(struct key_agreement *agreement);

MUST_USE bool openssl_sha1(const struct byte_view *parts, size_t part_count, uint8_t out[20]);
MUST_USE bool openssl_sha256(const struct byte_view *parts, size_t part_count, uint8_t out[32]);

#endif
