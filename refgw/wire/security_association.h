// security_association.h - the SA payload: proposals and transforms (RFC 7296, section 3.3).
#ifndef REFGW_WIRE_SECURITY_ASSOCIATION_H
#define REFGW_WIRE_SECURITY_ASSOCIATION_H

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/wire/wire_fault.h"

enum { SA_MOST_PROPOSALS = 32, SA_MOST_TRANSFORMS = 96 };

struct transform {
    uint8_t type;               // enum ike_transform_type
    uint16_t number;            // what it means depends on the type
    uint16_t key_bits;          // 0 without a Key Length attribute
    bool has_unknown_attribute; // then the transform must not be chosen (section 3.3.6)
};

struct proposal {
    uint8_t number;       // 1 for the first, then one more for each; an answer repeats the
                          // number of the proposal it accepts
    uint8_t protocol;     // enum ike_protocol_id
    struct byte_view spi; // 0, 4 or 8 bytes; points into what was read
    size_t transform_count;
    struct transform transforms[SA_MOST_TRANSFORMS];
};

struct security_association {
    size_t proposal_count;
    struct proposal proposals[SA_MOST_PROPOSALS];
};

// Reads the body of an SA payload. Structure only: proposal numbers must count up from 1 (a
// single proposal may have any number but 0), "last" marks and lengths must agree; unknown
// types and numbers are kept for negotiation.
MUST_USE bool security_association_read(struct byte_view body,
                                        struct security_association *out_association,
                                        struct wire_fault *out_fault);
void security_association_write(struct byte_writer *out,
                                const struct security_association *association);

#endif
