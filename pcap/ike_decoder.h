// ike_decoder.h - IKE messages of a capture: read, and opened where there are keys.
#ifndef PCAP_IKE_DECODER_H
#define PCAP_IKE_DECODER_H

#include "pcap/key_file.h"
#include "refgw/wire/message.h"

enum ike_opening {
    IKE_PLAIN,            // nothing encrypted in it
    IKE_OPENED,           // decrypted, ICV right
    IKE_FRAGMENT,         // one of several SKF parts (RFC 7383): see the part that completes it
    IKE_NO_KEYS,          // encrypted and nobody logged keys for it
    IKE_NOT_AUTHENTIC,    // there are keys for its SPIs, and the ICV is wrong under all of them
    IKE_MALFORMED,        // header or payload chain break RFC 7296
    IKE_MALFORMED_INSIDE, // ICV right, but what was inside breaks RFC 7296
};

// One decoded message. Owns its bytes; release with ike_message_clear().
struct ike_message {
    uint8_t *bytes; // the message as it travelled, from its header
    size_t size;
    bool has_header; // at least 28 bytes
    struct ike_header header;
    enum ike_opening opening;
    struct wire_fault fault;  // of a malformed message; else kind WIRE_OK
    uint16_t fragment_number; // SKF: from 1; 0 without
    uint16_t fragment_count;
    uint8_t *plain; // decrypted bytes; NULL without
    size_t plain_size;
    // What could be read, in order: the payloads outside SK, then those inside. SK and SKF
    // themselves are listed only when they could not be opened.
    size_t payload_count;
    struct payload *payloads; // point into bytes and plain
};

struct ike_decoder;

// Prepares the ciphers of all IKE keys. Keys that do not fit their algorithm are as good as
// missing. NULL when memory runs out. `crypto` is borrowed for the decoder's life.
MUST_USE struct ike_decoder *ike_decoder_new(const struct crypto_provider *crypto,
                                             const struct key_file *keys);
void ike_decoder_free(struct ike_decoder *decoder); // accepts NULL

// Decodes one message. Fragments of RFC 7383 are collected per `stream` (any number that keeps
// capture points apart); the part that completes a message gets its payloads. Malformed input
// is a result, not a failure; false only when memory runs out.
MUST_USE bool ike_decoder_read(struct ike_decoder *decoder, unsigned stream,
                               struct byte_view content, struct ike_message *out_message);
void ike_message_clear(struct ike_message *message);
// The first payload of a type, or NULL.
MUST_USE const struct payload *ike_message_find(const struct ike_message *message, uint8_t type);
MUST_USE bool ike_message_is_response(const struct ike_message *message);
MUST_USE const char *ike_opening_name(enum ike_opening opening); // "opened", "no-keys" ...

#endif
