// describe_bodies.h - the payload bodies that describe_payload_json() is made of.
#ifndef REFGW_WIRE_DESCRIBE_BODIES_H
#define REFGW_WIRE_DESCRIBE_BODIES_H

#include "refgw/wire/describe.h"

// Reads one body and puts its members behind "type". Puts nothing when it returns false.
typedef bool describe_body(struct byte_view body, const struct text_sink *sink,
                           struct wire_fault *out_fault);

MUST_USE bool describe_security_association(struct byte_view body, const struct text_sink *sink,
                                            struct wire_fault *out_fault);
MUST_USE bool describe_key_exchange(struct byte_view body, const struct text_sink *sink,
                                    struct wire_fault *out_fault);
MUST_USE bool describe_traffic_selectors(struct byte_view body, const struct text_sink *sink,
                                         struct wire_fault *out_fault);

#endif
