#include "refgw/wire/delete.h"

#include <assert.h>

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Protocol ID   |   SPI Size    |          Num of SPIs          |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~            Security Parameter Index(es) (SPI)                 ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum { SPI_SIZE = 4 };

static const char section[] = "rfc7296#section-3.11";

static bool is_ipsec_protocol(uint8_t protocol)
{
    return protocol == IKE_PROTOCOL_AH || protocol == IKE_PROTOCOL_ESP;
}

bool delete_payload_read(struct byte_view body, struct delete_payload *out_delete,
                         struct wire_fault *out_fault)
{
    struct delete_payload payload = {0};
    struct byte_reader in = reader_over(body);
    uint8_t spi_size;

    if (!reader_take_u8(&in, &payload.protocol) || !reader_take_u8(&in, &spi_size) ||
        !reader_take_u16(&in, &payload.spi_count)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, section);
    }
    if (payload.protocol != IKE_PROTOCOL_IKE && !is_ipsec_protocol(payload.protocol)) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, section);
    }
    // The SPIs of an IKE SA stand in the message header.
    const uint8_t wanted = payload.protocol == IKE_PROTOCOL_IKE ? 0 : SPI_SIZE;
    if (spi_size != wanted || (wanted == 0 && payload.spi_count != 0) ||
        in.left != (size_t)payload.spi_count * wanted) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, section);
    }
    payload.spis = reader_take_rest(&in);
    *out_delete = payload;
    return true;
}

void delete_payload_write(struct byte_writer *out, const struct delete_payload *payload)
{
    writer_put_u8(out, payload->protocol);
    writer_put_u8(out, is_ipsec_protocol(payload->protocol) ? SPI_SIZE : 0);
    writer_put_u16(out, payload->spi_count);
    writer_put_bytes(out, payload->spis);
}

uint32_t delete_payload_spi(const struct delete_payload *payload, size_t index)
{
    struct byte_reader in = reader_over(payload->spis);
    struct byte_view skipped;
    uint32_t spi = 0;

    const bool is_there =
        reader_take_bytes(&in, index * SPI_SIZE, &skipped) && reader_take_u32(&in, &spi);
    assert(is_there && index < payload->spi_count);
    (void)is_there;
    return spi;
}
