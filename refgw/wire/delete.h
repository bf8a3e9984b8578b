// delete.h - the Delete payload (RFC 7296, section 3.11).
#ifndef REFGW_WIRE_DELETE_H
#define REFGW_WIRE_DELETE_H

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/wire/wire_fault.h"

// Named after its file's payload; `delete` alone is no name a C++ reader would forgive.
struct delete_payload {
    uint8_t protocol; // IKE: no SPI; AH and ESP: SPIs of 4 bytes
    uint16_t spi_count;
    struct byte_view spis; // spi_count times 4 bytes
};

MUST_USE bool delete_payload_read(struct byte_view body, struct delete_payload *out_delete,
                                  struct wire_fault *out_fault);
void delete_payload_write(struct byte_writer *out, const struct delete_payload *payload);
// SPI number `index`, as a big-endian number; index must be below spi_count.
MUST_USE uint32_t delete_payload_spi(const struct delete_payload *payload, size_t index);

#endif
