// encrypted.h - the SK and SKF payloads as boxes: where IV, ciphertext and ICV lie
// (RFC 7296, section 3.14; RFC 7383, section 2.5). Opens and seals nothing.
#ifndef REFGW_WIRE_ENCRYPTED_H
#define REFGW_WIRE_ENCRYPTED_H

#include "refgw/wire/message.h"

struct encrypted_part {
    struct byte_view associated; // message start up to and with the SK (or SKF) header
    struct byte_view iv;
    struct byte_view ciphertext;
    struct byte_view icv;
    uint8_t first_inside;     // type of the first payload inside
    uint16_t fragment_number; // SKF only, from 1; 0 for SK
    uint16_t fragment_count;
};

// Finds the last payload of a message that was read, which must be SK or SKF.
MUST_USE bool encrypted_part_find(const struct message *message, size_t iv_size, size_t icv_size,
                                  struct encrypted_part *out_part, struct wire_fault *out_fault);

#endif
