// signature_keys.h - signature keys of the OpenSSL provider.
#ifndef REFGW_CRYPTO_OPENSSL_SIGNATURE_KEYS_H
#define REFGW_CRYPTO_OPENSSL_SIGNATURE_KEYS_H

#include <openssl/evp.h>

#include "refgw/crypto/signature.h"

extern const struct signature_provider openssl_signatures;
// Takes a reference of its own. NULL when the key is of no kind or size that is accepted.
MUST_USE struct public_key *openssl_public_key(EVP_PKEY *pkey);

#endif
