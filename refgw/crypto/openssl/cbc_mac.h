// cbc_mac.h - the two AES codes that are CBC-MAC with a mask on the last block:
// AES-XCBC-MAC (RFC 3566) and AES-CMAC (RFC 4493).
#ifndef REFGW_CRYPTO_OPENSSL_CBC_MAC_H
#define REFGW_CRYPTO_OPENSSL_CBC_MAC_H

#include <openssl/evp.h>

#include "refgw/base/bytes.h"

enum { CBC_MAC_SIZE = 16 };

struct cbc_mac {
    EVP_CIPHER_CTX *context;            // AES-128-CBC under the key of the chain
    uint8_t whole_mask[CBC_MAC_SIZE];   // onto a last block that is complete
    uint8_t partial_mask[CBC_MAC_SIZE]; // onto a last block that was padded with 10...0
    uint8_t pending[CBC_MAC_SIZE];      // what was not encrypted yet: always the last block
    size_t pending_size;
};

// The key has 16 bytes. False when the cipher is missing or memory runs out.
MUST_USE bool cbc_mac_init_xcbc(struct cbc_mac *mac, const uint8_t key[CBC_MAC_SIZE]);
MUST_USE bool cbc_mac_init_cmac(struct cbc_mac *mac, const uint8_t key[CBC_MAC_SIZE]);
void cbc_mac_clear(struct cbc_mac *mac);
MUST_USE bool cbc_mac_compute(struct cbc_mac *mac, const struct byte_view *parts, size_t part_count,
                              uint8_t out[CBC_MAC_SIZE]);

#endif
