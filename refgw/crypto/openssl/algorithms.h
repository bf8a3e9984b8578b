// algorithms.h - OpenSSL's algorithms, fetched once: a fetch takes locks and compares strings.
#ifndef REFGW_CRYPTO_OPENSSL_ALGORITHMS_H
#define REFGW_CRYPTO_OPENSSL_ALGORITHMS_H

#include <openssl/evp.h>

#include "refgw/crypto/provider.h"

// A member is NULL when this OpenSSL (or its FIPS configuration) does not offer it.
struct openssl_algorithms {
    EVP_CIPHER *aes_cbc[3]; // by key size: 128, 192, 256 bits
    EVP_CIPHER *aes_ctr[3];
    EVP_CIPHER *aes_gcm[3];
    EVP_CIPHER *aes_ccm[3];
    EVP_CIPHER *chacha20_poly1305;
    EVP_MD *sha1;
    EVP_MD *sha256;
    EVP_MAC *hmac;
};

// Constant after the first call, valid for the whole program.
const struct openssl_algorithms *openssl_algorithms(void);

// The member of a `by key size` row; NULL for other key sizes.
EVP_CIPHER *cipher_by_key_bits(EVP_CIPHER *const row[3], uint16_t key_bits);

#endif
