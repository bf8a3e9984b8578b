// aead.h - the two ways an authenticated cipher is made here: one EVP cipher that does both
// (combined), or an EVP cipher and a MAC over its output (pair).
#ifndef REFGW_CRYPTO_OPENSSL_AEAD_H
#define REFGW_CRYPTO_OPENSSL_AEAD_H

#include "refgw/crypto/provider.h"

struct aead_methods {
    void (*release)(struct aead *aead);
    bool (*make_iv)(struct aead *aead, uint64_t counter, uint8_t *out_iv);
    bool (*seal)(struct aead *aead, const struct aead_job *job);
    bool (*open)(struct aead *aead, const struct aead_job *job);
};

// First member of every keyed object.
struct aead {
    const struct aead_methods *methods;
    struct aead_sizes sizes;
};

// AES-GCM (RFC 4106, RFC 5282), AES-CCM (RFC 4309), ChaCha20-Poly1305 (RFC 7634).
MUST_USE bool aead_combined_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes);
// The key has the size that aead_combined_sizes() said. NULL when out of memory.
MUST_USE struct aead *aead_combined_new(const struct aead_choice *choice,
                                        struct byte_view encryption_key);

// AES-CBC (RFC 3602), AES-CTR (RFC 3686) or NULL (RFC 2410) with an integrity algorithm.
MUST_USE bool aead_pair_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes);
// Keys have the sizes that aead_pair_sizes() said. NULL when out of memory.
MUST_USE struct aead *aead_pair_new(const struct aead_choice *choice,
                                    struct byte_view encryption_key,
                                    struct byte_view integrity_key);

// The counter as 8 bytes, big-endian: the explicit IV of every counter mode.
void aead_counter_iv(uint64_t counter, uint8_t out_iv[8]);

#endif
