// identification.h - the IDi and IDr payloads (RFC 7296, section 3.5).
#ifndef REFGW_WIRE_IDENTIFICATION_H
#define REFGW_WIRE_IDENTIFICATION_H

#include "refgw/wire/wire_fault.h"

// The AUTH octets are computed over the whole body as received, RESERVED included: keep
// the payload's body for that, not this struct.
struct identification {
    uint8_t type; // enum identification_type
    struct byte_view data;
};

MUST_USE bool identification_read(struct byte_view body, struct identification *out_identification,
                                  struct wire_fault *out_fault);
void identification_write(struct byte_writer *out, const struct identification *identification);

#endif
