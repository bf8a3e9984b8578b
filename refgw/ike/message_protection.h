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

// --- Fragments of a message (RFC 7383, section 2.5) --------------------------------------------

// Where a fragment stands among those of its message.
struct fragment_place {
    uint16_t number; // from 1
    uint16_t count;
};

struct message_fragment {
    struct fragment_place place;
    uint8_t first_type;     // of the whole message's first payload; only told by number 1
    struct byte_view piece; // of the plain chain; once opened: points into the buffer given
};

// Reads where a fragment stands, without opening it. False when the message ends in no SKF
// payload or its numbers are impossible.
MUST_USE bool message_fragment_place(const struct message_cipher *cipher,
                                     const struct message *message,
                                     struct fragment_place *out_place,
                                     struct wire_fault *out_fault);
// Decrypts the SKF payload that ends `message` into `buffer`, as message_open() does with SK.
MUST_USE bool message_open_fragment(const struct message_cipher *cipher,
                                    const struct message *message, uint8_t *buffer, size_t capacity,
                                    struct message_fragment *out_fragment,
                                    struct wire_fault *out_fault);
// Writes one fragment: a message of its own, with IV and ICV of its own. False as above.
MUST_USE bool message_seal_fragment(const struct message_cipher *cipher,
                                    const struct ike_header *header,
                                    const struct message_fragment *fragment, uint64_t iv_counter,
                                    struct byte_writer *out);
// How large a chain of that size becomes as one message; 0 when it does not fit into any.
MUST_USE size_t message_sealed_size(const struct message_cipher *cipher, size_t chain_size);
// How many octets of a chain a fragment of `message_size` octets has room for; 0: none.
MUST_USE size_t message_fragment_room(const struct message_cipher *cipher, size_t message_size);

#endif
