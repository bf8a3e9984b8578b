// message_protection.h - sealing and opening the SK payload (RFC 7296, section 3.14;
// RFC 5282). Shared by the engine and by whoever reads captures with keys.
#ifndef REFGW_IKE_MESSAGE_PROTECTION_H
#define REFGW_IKE_MESSAGE_PROTECTION_H

#include "refgw/crypto/provider.h"
#include "refgw/wire/message.h"

// One direction's keyed cipher with its sizes.
struct message_cipher {
    const struct crypto_provider *crypto; // borrowed
    struct aead *aead;                    // borrowed
    struct aead_sizes sizes;
};

struct opened_message {
    bool is_authentic;          // the ICV was right; the rest may still be malformed
    struct byte_view chain;     // the decrypted chain, without padding
    struct payload_list inside; // points into the buffer given to message_open()
};

// Decrypts the SK payload that ends `message` into `buffer` (`capacity` at least
// message->bytes.size) and reads the chain inside. False when there is no SK payload, the ICV
// is wrong or the inside is malformed: out_opened->is_authentic tells which.
MUST_USE bool message_open(const struct message_cipher *cipher, const struct message *message,
                           uint8_t *buffer, size_t capacity, struct opened_message *out_opened,
                           struct wire_fault *out_fault);

// Writes header, SK payload with `chain` sealed inside (first payload type `first_type`), IV
// from `iv_counter` (never the same twice for one key). False when `out` is too small or the
// cipher fails.
MUST_USE bool message_seal(const struct message_cipher *cipher, const struct ike_header *header,
                           uint8_t first_type, struct byte_view chain, uint64_t iv_counter,
                           struct byte_writer *out);

#endif
