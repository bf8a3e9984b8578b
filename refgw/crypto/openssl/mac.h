// mac.h - a keyed message authentication code over several parts: HMAC, AES-XCBC, AES-CMAC.
// Serves the integrity algorithms (truncated by the caller) and the pseudorandom functions.
#ifndef REFGW_CRYPTO_OPENSSL_MAC_H
#define REFGW_CRYPTO_OPENSSL_MAC_H

#include "refgw/crypto/provider.h"

enum { MAC_MOST_SIZE = 64 };

enum mac_kind {
    MAC_HMAC_SHA2_256,
    MAC_HMAC_SHA2_384,
    MAC_HMAC_SHA2_512,
    MAC_AES_XCBC, // RFC 3566, key of 16 bytes
    MAC_AES_CMAC, // RFC 4493, key of 16 bytes
};

struct mac; // keyed; one owner

MUST_USE size_t mac_size(enum mac_kind kind); // of the whole code, in bytes
// NULL when the algorithm is missing, the key size wrong, or memory runs out.
MUST_USE struct mac *mac_new(enum mac_kind kind, struct byte_view key);
void mac_free(struct mac *mac); // accepts NULL, wipes the key
// The code over part | part | ...; `out` has mac_size() bytes. Any number of times.
MUST_USE bool mac_compute(struct mac *mac, const struct byte_view *parts, size_t part_count,
                          uint8_t *out);

#endif
