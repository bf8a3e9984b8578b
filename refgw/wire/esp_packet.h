// esp_packet.h - the outer fields of an ESP packet (RFC 4303, section 2).
#ifndef REFGW_WIRE_ESP_PACKET_H
#define REFGW_WIRE_ESP_PACKET_H

#include "refgw/wire/wire_fault.h"

enum { ESP_HEADER_SIZE = 8, ESP_TRAILER_SIZE = 2 };

struct esp_header {
    uint32_t spi;
    uint32_t sequence; // the low 32 bits on the wire
};

MUST_USE bool esp_header_read(struct byte_reader *in, struct esp_header *out_header,
                              struct wire_fault *out_fault);
void esp_header_write(struct byte_writer *out, const struct esp_header *header);

// What the decrypted text ends with: padding 1, 2, 3..., pad length, next header.
// `out_payload` is the text without them. WIRE_BAD_VALUE when the padding is not 1, 2, 3...
MUST_USE bool esp_trailer_read(struct byte_view text, struct byte_view *out_payload,
                               uint8_t *out_next_header, struct wire_fault *out_fault);
// How many bytes of padding make payload + padding + trailer a multiple of `alignment`
// (at least 4; a power of two).
MUST_USE size_t esp_padding_size(size_t payload_size, size_t alignment);
// Writes `padding_size` (0 to 255) bytes 1, 2, 3..., the pad length and the next header.
void esp_trailer_write(struct byte_writer *out, size_t padding_size, uint8_t next_header);

#endif
