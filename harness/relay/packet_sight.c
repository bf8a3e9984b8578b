#include "harness/relay/packet_sight.h"

#include <string.h>

enum {
    IPV4_HEADER_SIZE = 20,
    IPV6_HEADER_SIZE = 40,
    UDP_HEADER_SIZE = 8,
    IKE_HEADER_SIZE = 28,
    IKE_PORT = 500,
    NAT_TRAVERSAL_PORT = 4500,
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_UDP = 17,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_ESP = 50,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_DESTINATION_OPTIONS = 60,
    MOST_EXTENSION_HEADERS = 8,
    FRAGMENT_OFFSET_BITS = 0x1fff,
    IKE_VERSION_MAJOR = 2,
    FLAG_RESPONSE = 0x20,
    FLAG_INITIATOR = 0x08,
    PAYLOAD_ENCRYPTED_FRAGMENT = 53,
    NAT_KEEPALIVE_BYTE = 0xff,
    FIRST_DISCOVERY_TYPE = 133,
    LAST_DISCOVERY_TYPE = 137,
    DISCOVERY_HOP_LIMIT = 255,
};

static const char probe_tag[16] = "ikelab-probe/1";

uint16_t internet_checksum(struct byte_view bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < bytes.size; i += 2) {
        sum += (uint32_t)bytes.data[i] << 8 | bytes.data[i + 1];
    }
    if (bytes.size % 2 != 0) {
        sum += (uint32_t)bytes.data[bytes.size - 1] << 8;
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

uint16_t checksum_after_change(uint16_t checksum, uint16_t old_word, uint16_t new_word)
{
    uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~old_word + new_word;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static bool look_at_ipv4(struct byte_view bytes, struct packet_sight *out)
{
    struct byte_reader in = reader_over(bytes);
    uint8_t version = 0;
    uint16_t total = 0;
    uint16_t fragment = 0;
    struct byte_view skipped;
    struct byte_view source;
    struct byte_view destination;
    if (!reader_take_u8(&in, &version) || !reader_take_bytes(&in, 1, &skipped) ||
        !reader_take_u16(&in, &total) || !reader_take_bytes(&in, 2, &skipped) ||
        !reader_take_u16(&in, &fragment) || !reader_take_u8(&in, &out->hop_limit) ||
        !reader_take_u8(&in, &out->protocol) || !reader_take_bytes(&in, 2, &skipped) ||
        !reader_take_bytes(&in, 4, &source) || !reader_take_bytes(&in, 4, &destination)) {
        return false;
    }
    const size_t header_size = (version & 0x0fU) * (size_t)4;
    if (header_size < IPV4_HEADER_SIZE || total < header_size || total > bytes.size ||
        internet_checksum((struct byte_view){bytes.data, header_size}) != 0) {
        return false;
    }
    out->family = ADDRESS_IPV4;
    out->packet = (struct byte_view){bytes.data, total};
    out->transport = header_size;
    out->is_first_part = (fragment & FRAGMENT_OFFSET_BITS) == 0;
    return address_from_bytes(source, &out->source) &&
           address_from_bytes(destination, &out->destination);
}

static bool is_extension(uint8_t protocol)
{
    return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
           protocol == PROTOCOL_DESTINATION_OPTIONS || protocol == PROTOCOL_FRAGMENT;
}

// Steps over one extension header. A fragment header that is not the first part ends the way.
static bool skip_extension(struct byte_reader *in, struct packet_sight *out)
{
    const uint8_t protocol = out->protocol;
    struct byte_view rest;
    uint8_t length = 0;
    uint16_t fragment = 0;
    if (!reader_take_u8(in, &out->protocol) || !reader_take_u8(in, &length)) {
        return false;
    }
    if (protocol == PROTOCOL_FRAGMENT) {
        if (!reader_take_u16(in, &fragment) || !reader_take_bytes(in, 4, &rest)) {
            return false;
        }
        out->is_first_part = fragment >> 3 == 0;
        return true;
    }
    return reader_take_bytes(in, length * (size_t)8 + 6, &rest);
}

static bool look_at_ipv6(struct byte_view bytes, struct packet_sight *out)
{
    struct byte_reader in = reader_over(bytes);
    struct byte_reader body;
    uint16_t length = 0;
    struct byte_view skipped;
    struct byte_view source;
    struct byte_view destination;
    if (!reader_take_bytes(&in, 4, &skipped) || !reader_take_u16(&in, &length) ||
        !reader_take_u8(&in, &out->protocol) || !reader_take_u8(&in, &out->hop_limit) ||
        !reader_take_bytes(&in, 16, &source) || !reader_take_bytes(&in, 16, &destination) ||
        !reader_take_part(&in, length, &body)) {
        return false;
    }
    out->family = ADDRESS_IPV6;
    out->packet = (struct byte_view){bytes.data, (size_t)IPV6_HEADER_SIZE + length};
    out->is_first_part = true;
    for (int i = 0; i < MOST_EXTENSION_HEADERS && is_extension(out->protocol); i++) {
        if (!out->is_first_part || !skip_extension(&body, out)) {
            break;
        }
    }
    out->transport = out->packet.size - body.left;
    return address_from_bytes(source, &out->source) &&
           address_from_bytes(destination, &out->destination);
}

// The clear header of a message. RFC 7296 section 3.1.
static bool look_at_ike(struct byte_view message, struct ike_sight *out)
{
    struct byte_reader in = reader_over(message);
    struct byte_view skipped;
    uint8_t next_payload = 0;
    uint8_t version = 0;
    uint8_t flags = 0;
    uint32_t length = 0;
    struct ike_sight sight = {.message = message};
    if (!reader_take_u64(&in, &sight.initiator_spi) ||
        !reader_take_u64(&in, &sight.responder_spi) || !reader_take_u8(&in, &next_payload) ||
        !reader_take_u8(&in, &version) || !reader_take_u8(&in, &sight.exchange) ||
        !reader_take_u8(&in, &flags) || !reader_take_u32(&in, &sight.message_id) ||
        !reader_take_u32(&in, &length) || version >> 4 != IKE_VERSION_MAJOR) {
        return false;
    }
    sight.is_response = (flags & FLAG_RESPONSE) != 0;
    sight.from_initiator = (flags & FLAG_INITIATOR) != 0;
    if (next_payload == PAYLOAD_ENCRYPTED_FRAGMENT &&
        (!reader_take_bytes(&in, 4, &skipped) || !reader_take_u16(&in, &sight.fragment_number) ||
         !reader_take_u16(&in, &sight.fragment_count))) {
        return false;
    }
    *out = sight;
    return true;
}

// What stands in UDP on port 4500. RFC 3948 section 2.
static enum packet_kind look_at_encapsulated(struct byte_view payload, struct ike_sight *out_ike)
{
    struct byte_reader in = reader_over(payload);
    uint32_t spi = 0;
    if (payload.size == 1 && payload.data[0] == NAT_KEEPALIVE_BYTE) {
        return PACKET_NAT_KEEPALIVE;
    }
    if (!reader_take_u32(&in, &spi)) {
        return PACKET_OTHER;
    }
    if (spi != 0) {
        return PACKET_ESP;
    }
    return look_at_ike(reader_take_rest(&in), out_ike) ? PACKET_IKE : PACKET_OTHER;
}

static bool uses_port(const struct packet_sight *sight, uint16_t port)
{
    return sight->source_port == port || sight->destination_port == port;
}

static bool starts_with_probe_tag(struct byte_view payload)
{
    return payload.size >= sizeof(probe_tag) &&
           memcmp(payload.data, probe_tag, sizeof(probe_tag)) == 0;
}

static void look_at_udp(struct packet_sight *out)
{
    struct byte_reader in = reader_over(out->payload);
    uint16_t length = 0;
    uint16_t checksum = 0;
    if (!reader_take_u16(&in, &out->source_port) || !reader_take_u16(&in, &out->destination_port) ||
        !reader_take_u16(&in, &length) || !reader_take_u16(&in, &checksum)) {
        return;
    }
    out->is_udp = true;
    out->payload = reader_take_rest(&in);
    if (length >= UDP_HEADER_SIZE && (size_t)length - UDP_HEADER_SIZE < out->payload.size) {
        out->payload.size = (size_t)length - UDP_HEADER_SIZE;
    }
    if (uses_port(out, NAT_TRAVERSAL_PORT)) {
        out->kind = look_at_encapsulated(out->payload, &out->ike);
    } else if (uses_port(out, IKE_PORT) && look_at_ike(out->payload, &out->ike)) {
        out->kind = PACKET_IKE;
    }
    out->has_probe_tag = starts_with_probe_tag(out->payload);
}

bool packet_look(struct byte_view bytes, struct packet_sight *out_sight)
{
    struct packet_sight sight = {0};
    const unsigned version = bytes.size > 0 ? bytes.data[0] >> 4 : 0;
    const bool is_whole = (version == 4 && look_at_ipv4(bytes, &sight)) ||
                          (version == 6 && look_at_ipv6(bytes, &sight));
    if (!is_whole) {
        return false;
    }
    sight.payload = (struct byte_view){sight.packet.data + sight.transport,
                                       sight.packet.size - sight.transport};
    if (sight.protocol == PROTOCOL_ESP) {
        sight.kind = PACKET_ESP;
    } else if (sight.is_first_part && sight.protocol == PROTOCOL_UDP) {
        look_at_udp(&sight);
    }
    *out_sight = sight;
    return true;
}

bool packet_is_neighbour_discovery(const struct packet_sight *sight)
{
    return sight->family == ADDRESS_IPV6 && sight->protocol == PROTOCOL_ICMPV6 &&
           sight->hop_limit == DISCOVERY_HOP_LIMIT && sight->payload.size > 0 &&
           sight->payload.data[0] >= FIRST_DISCOVERY_TYPE &&
           sight->payload.data[0] <= LAST_DISCOVERY_TYPE;
}
