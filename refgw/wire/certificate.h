// certificate.h - the CERT and CERTREQ payloads (RFC 7296, sections 3.6 and 3.7).
#ifndef REFGW_WIRE_CERTIFICATE_H
#define REFGW_WIRE_CERTIFICATE_H

#include "refgw/wire/wire_fault.h"

// Both payloads have the same shape.
struct certificate {
    uint8_t encoding;
    struct byte_view data; // CERTREQ: concatenated SHA-1 hashes of trust anchor keys
};

MUST_USE bool certificate_read(struct byte_view body, struct certificate *out_certificate,
                               struct wire_fault *out_fault);
void certificate_write(struct byte_writer *out, const struct certificate *certificate);

#endif
