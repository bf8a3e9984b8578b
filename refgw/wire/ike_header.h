// ike_header.h - the 28 bytes in front of every IKE message (RFC 7296, section 3.1).
#ifndef REFGW_WIRE_IKE_HEADER_H
#define REFGW_WIRE_IKE_HEADER_H

#include "refgw/wire/wire_fault.h"

struct ike_header {
    uint64_t initiator_spi; // as a big-endian number; zero only means "not yet known"
    uint64_t responder_spi;
    uint8_t first_payload; // enum ike_payload_type
    uint8_t major_version;
    uint8_t minor_version;
    uint8_t exchange_type; // enum ike_exchange_type
    uint8_t flags;         // enum ike_header_flag
    uint32_t message_id;
    uint32_t length; // of the whole message, header included
};

// Takes the header only; checks nothing but that 28 bytes are there. Version, length and
// flags are judged by message_read() and by the engine.
MUST_USE bool ike_header_read(struct byte_reader *in, struct ike_header *out_header,
                              struct wire_fault *out_fault);
void ike_header_write(struct byte_writer *out, const struct ike_header *header);
MUST_USE bool ike_header_is_response(const struct ike_header *header);
// Whether the sender is the original initiator of this IKE SA.
MUST_USE bool ike_header_is_from_initiator(const struct ike_header *header);

#endif
