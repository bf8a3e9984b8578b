#include "refgw/wire/esp_packet.h"

#include <assert.h>

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |               Security Parameters Index (SPI)                 |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                      Sequence Number                          |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                    Payload Data (variable)                    ~
// +               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |               |     Padding (0-255 bytes)                     |
// +-+-+-+-+-+-+-+-+               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                               |  Pad Length   | Next Header   |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~         Integrity Check Value-ICV (variable)                  ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

bool esp_header_read(struct byte_reader *in, struct esp_header *out_header,
                     struct wire_fault *out_fault)
{
    struct esp_header header = {0};
    struct byte_reader rest = *in;

    if (!reader_take_u32(&rest, &header.spi) || !reader_take_u32(&rest, &header.sequence)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc4303#section-2");
    }
    *in = rest;
    *out_header = header;
    return true;
}

void esp_header_write(struct byte_writer *out, const struct esp_header *header)
{
    writer_put_u32(out, header->spi);
    writer_put_u32(out, header->sequence);
}

bool esp_trailer_read(struct byte_view text, struct byte_view *out_payload,
                      uint8_t *out_next_header, struct wire_fault *out_fault)
{
    if (text.size < ESP_TRAILER_SIZE) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc4303#section-2");
    }
    const size_t padded_size = text.size - ESP_TRAILER_SIZE;
    const size_t padding_size = text.data[padded_size];
    if (padding_size > padded_size) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, "rfc4303#section-2.5");
    }
    const size_t payload_size = padded_size - padding_size;
    for (size_t i = 0; i < padding_size; i++) {
        if (text.data[payload_size + i] != i + 1) {
            return wire_reject(out_fault, WIRE_BAD_VALUE, "rfc4303#section-2.4");
        }
    }
    *out_payload = (struct byte_view){.data = text.data, .size = payload_size};
    *out_next_header = text.data[padded_size + 1];
    return true;
}

size_t esp_padding_size(size_t payload_size, size_t alignment)
{
    assert(alignment >= 4 && (alignment & (alignment - 1)) == 0);
    return (0 - (payload_size + ESP_TRAILER_SIZE)) & (alignment - 1);
}

void esp_trailer_write(struct byte_writer *out, size_t padding_size, uint8_t next_header)
{
    assert(padding_size <= UINT8_MAX);
    for (size_t i = 0; i < padding_size; i++) {
        writer_put_u8(out, (uint8_t)(i + 1));
    }
    writer_put_u8(out, (uint8_t)padding_size);
    writer_put_u8(out, next_header);
}
