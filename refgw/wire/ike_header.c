#include "refgw/wire/ike_header.h"

#include "refgw/iana/ikev2_numbers.h"

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                       IKE SA Initiator's SPI                  |
// |                                                               |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                       IKE SA Responder's SPI                  |
// |                                                               |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  Next Payload | MjVer | MnVer | Exchange Type |     Flags     |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                          Message ID                           |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                            Length                             |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

bool ike_header_read(struct byte_reader *in, struct ike_header *out_header,
                     struct wire_fault *out_fault)
{
    struct ike_header header = {0};
    struct byte_reader rest = *in;
    uint8_t version;

    if (!reader_take_u64(&rest, &header.initiator_spi) ||
        !reader_take_u64(&rest, &header.responder_spi) ||
        !reader_take_u8(&rest, &header.first_payload) || !reader_take_u8(&rest, &version) ||
        !reader_take_u8(&rest, &header.exchange_type) || !reader_take_u8(&rest, &header.flags) ||
        !reader_take_u32(&rest, &header.message_id) || !reader_take_u32(&rest, &header.length)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc7296#section-3.1");
    }
    header.major_version = version >> 4;
    header.minor_version = version & 0x0fU;
    *in = rest;
    *out_header = header;
    return true;
}

void ike_header_write(struct byte_writer *out, const struct ike_header *header)
{
    writer_put_u64(out, header->initiator_spi);
    writer_put_u64(out, header->responder_spi);
    writer_put_u8(out, header->first_payload);
    writer_put_u8(out, (uint8_t)(header->major_version << 4 | (header->minor_version & 0x0fU)));
    writer_put_u8(out, header->exchange_type);
    writer_put_u8(out, header->flags);
    writer_put_u32(out, header->message_id);
    writer_put_u32(out, header->length);
}

bool ike_header_is_response(const struct ike_header *header)
{
    return (header->flags & IKE_FLAG_RESPONSE) != 0;
}

bool ike_header_is_from_initiator(const struct ike_header *header)
{
    return (header->flags & IKE_FLAG_INITIATOR) != 0;
}
