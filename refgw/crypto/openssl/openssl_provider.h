// openssl_provider.h - everything through OpenSSL's EVP interface (AES-NI where there is one).
#ifndef REFGW_CRYPTO_OPENSSL_OPENSSL_PROVIDER_H
#define REFGW_CRYPTO_OPENSSL_OPENSSL_PROVIDER_H

#include "refgw/crypto/provider.h"

// Constant, valid for the whole program.
const struct crypto_provider *openssl_provider(void);

#endif
