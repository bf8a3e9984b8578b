// sample_packets.h - packets made by hand for the relay's tests.
#ifndef HARNESS_TESTS_RELAY_SAMPLE_PACKETS_H
#define HARNESS_TESTS_RELAY_SAMPLE_PACKETS_H

#include "harness/relay/packet_sight.h"

#include <string.h>

enum { SAMPLE_ROOM = 512 };

struct sample_packet {
    uint8_t bytes[SAMPLE_ROOM];
    size_t size;
};

struct sample_ike {
    uint64_t spi;
    uint8_t exchange;
    bool is_response;
    bool from_initiator;
    uint32_t message_id;
    uint16_t fragment; // of 3; 0: none
    uint8_t filling;   // 12 bytes of it follow the header
};

static inline struct byte_view sample_view(const struct sample_packet *packet)
{
    return (struct byte_view){.data = packet->bytes, .size = packet->size};
}

static inline uint16_t sample_udp_checksum(struct byte_view source, struct byte_view destination,
                                           struct byte_view datagram)
{
    uint8_t bytes[SAMPLE_ROOM + 64];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    struct byte_view all = {0};
    writer_put_bytes(&out, source);
    writer_put_bytes(&out, destination);
    writer_put_u16(&out, 17);
    writer_put_u16(&out, (uint16_t)datagram.size);
    writer_put_bytes(&out, datagram);
    return writer_finish(&out, &all) ? internet_checksum(all) : 1;
}

// A UDP datagram in IPv4, 192.0.2.1 to 198.51.100.1, with right checksums.
static inline struct sample_packet sample_udp(uint16_t source_port, uint16_t destination_port,
                                              struct byte_view payload)
{
    struct sample_packet packet = {0};
    struct byte_writer out = writer_into(packet.bytes, sizeof(packet.bytes));
    writer_put_u16(&out, 0x4500);
    writer_put_u16(&out, (uint16_t)(28 + payload.size));
    writer_put_u32(&out, 0x00014000);
    writer_put_u16(&out, 0x4011); // TTL 64, UDP
    writer_put_u16(&out, 0);
    writer_put_u32(&out, 0xc0000201);
    writer_put_u32(&out, 0xc6336401);
    writer_fill_u16(&out, 10, internet_checksum((struct byte_view){packet.bytes, 20}));
    writer_put_u16(&out, source_port);
    writer_put_u16(&out, destination_port);
    writer_put_u16(&out, (uint16_t)(8 + payload.size));
    writer_put_u16(&out, 0);
    writer_put_bytes(&out, payload);
    packet.size = out.used;
    writer_fill_u16(&out, 26,
                    sample_udp_checksum((struct byte_view){packet.bytes + 12, 4},
                                        (struct byte_view){packet.bytes + 16, 4},
                                        (struct byte_view){packet.bytes + 20, packet.size - 20}));
    return packet;
}

static inline size_t sample_ike_write(const struct sample_ike *ike, uint8_t *bytes, size_t size)
{
    struct byte_writer out = writer_into(bytes, size);
    writer_put_u64(&out, ike->spi);
    writer_put_u64(&out, 0x2222222222222222U);
    writer_put_u8(&out, ike->fragment > 0 ? 53 : 46);
    writer_put_u8(&out, 0x20);
    writer_put_u8(&out, ike->exchange);
    writer_put_u8(&out, (uint8_t)((ike->is_response ? 0x20 : 0) | (ike->from_initiator ? 8 : 0)));
    writer_put_u32(&out, ike->message_id);
    writer_put_u32(&out, 40);
    writer_put_u32(&out, 12); // payload header, or start of filling
    writer_put_u16(&out, ike->fragment);
    writer_put_u16(&out, ike->fragment > 0 ? 3 : 0);
    for (int i = 0; i < 4; i++) {
        writer_put_u8(&out, ike->filling);
    }
    return out.used;
}

// On port 500.
static inline struct sample_packet sample_ike(const struct sample_ike *ike)
{
    uint8_t message[64];
    const size_t size = sample_ike_write(ike, message, sizeof(message));
    return sample_udp(500, 500, (struct byte_view){message, size});
}

// On port 4500, behind a NAT: 4 zero bytes first.
static inline struct sample_packet sample_ike_over_nat(const struct sample_ike *ike)
{
    uint8_t message[68] = {0};
    const size_t size = sample_ike_write(ike, message + 4, sizeof(message) - 4);
    return sample_udp(34567, 4500, (struct byte_view){message, size + 4});
}

// ESP alone, in IPv6: 2001:db8:a::1 to 2001:db8:b::1.
static inline struct sample_packet sample_esp(uint32_t sequence)
{
    static const uint8_t addresses[32] = {0x20, 1, 0xd, 0xb8, 0, 0xa, [15] = 1,
                                          0x20, 1, 0xd, 0xb8, 0, 0xb, [31] = 1};
    struct sample_packet packet = {0};
    struct byte_writer out = writer_into(packet.bytes, sizeof(packet.bytes));
    writer_put_u32(&out, 0x60000000);
    writer_put_u16(&out, 24);
    writer_put_u16(&out, 50 << 8 | 64);
    writer_put_bytes(&out, VIEW_OF(addresses));
    writer_put_u32(&out, 0xc0ffee01);
    writer_put_u32(&out, sequence);
    writer_put_zeros(&out, 16);
    packet.size = out.used;
    return packet;
}

#endif
