// capability.h - the words with which scenarios ask and manifests answer, and the algorithm words.
#ifndef HARNESS_PEER_CAPABILITY_H
#define HARNESS_PEER_CAPABILITY_H

#include "refgw/base/bytes.h"

enum algorithm_kind {
    ALGORITHM_UNKNOWN,
    ALGORITHM_ENCRYPTION, // aes128gcm16, aes256, chacha20poly1305
    ALGORITHM_INTEGRITY,  // sha256
    ALGORITHM_PRF,        // prfsha256
    ALGORITHM_GROUP,      // x25519, modp2048
    ALGORITHM_SEQUENCE,   // esn, noesn
};

// What an algorithm word stands for.
MUST_USE enum algorithm_kind algorithm_kind_of(const char *word);
// "auth.psk", "op.dpd", "ike.ALGORITHM", "esp.ALGORITHM" and the others of the table.
MUST_USE bool capability_is_known(const char *word);
// The vocabulary's word number `index` without the ike.* and esp.* algorithms, or NULL after the
// last one: for messages and documentation.
MUST_USE const char *capability_at(size_t index);

#endif
