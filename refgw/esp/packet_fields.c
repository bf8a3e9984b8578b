#include "refgw/esp/packet_fields.h"

#include "refgw/iana/ikev2_numbers.h"

enum {
    IPV4_HEADER_SIZE = 20,
    IPV6_HEADER_SIZE = 40,
    IPV6_MOST_EXTENSIONS = 16,
    IP_HOP_BY_HOP = 0,
    IP_DCCP = 33,
    IP_ROUTING = 43,
    IP_FRAGMENT = 44,
    IP_AUTHENTICATION_HEADER = 51,
    IP_DESTINATION_OPTIONS = 60,
    IP_SCTP = 132,
    IP_UDP_LITE = 136,
};

static bool has_port_fields(uint8_t ip_protocol)
{
    return ip_protocol == IP_PROTOCOL_TCP || ip_protocol == IP_PROTOCOL_UDP ||
           ip_protocol == IP_SCTP || ip_protocol == IP_DCCP || ip_protocol == IP_UDP_LITE;
}

static void read_upper_layer(struct byte_reader in, struct packet_fields *fields)
{
    uint16_t first;
    uint16_t second;
    if (has_port_fields(fields->ip_protocol)) {
        if (reader_take_u16(&in, &first) && reader_take_u16(&in, &second)) {
            fields->has_ports = true;
            fields->source_port = first;
            fields->destination_port = second;
        }
    } else if (fields->ip_protocol == IP_PROTOCOL_ICMP ||
               fields->ip_protocol == IP_PROTOCOL_ICMPV6) {
        if (reader_take_u16(&in, &first)) {
            fields->has_ports = true;
            fields->source_port = first;
            fields->destination_port = first;
        }
    }
}

static bool take_addresses(struct byte_reader *in, size_t size, struct packet_fields *fields)
{
    struct byte_view source;
    struct byte_view destination;
    return reader_take_bytes(in, size, &source) && reader_take_bytes(in, size, &destination) &&
           address_from_bytes(source, &fields->source) &&
           address_from_bytes(destination, &fields->destination);
}

static bool read_ipv4(struct byte_view packet, struct packet_fields *fields)
{
    const size_t header_size = (size_t)(packet.data[0] & 0x0f) * 4;
    struct byte_reader in = reader_over(packet);
    struct byte_view ignored;
    uint16_t total_size;
    uint16_t flags_and_offset;

    if (header_size < IPV4_HEADER_SIZE || !reader_take_bytes(&in, 2, &ignored) ||
        !reader_take_u16(&in, &total_size) || !reader_take_bytes(&in, 2, &ignored) ||
        !reader_take_u16(&in, &flags_and_offset) || !reader_take_bytes(&in, 1, &ignored) ||
        !reader_take_u8(&in, &fields->ip_protocol) || !reader_take_bytes(&in, 2, &ignored) ||
        !take_addresses(&in, 4, fields)) {
        return false;
    }
    if (total_size < header_size || total_size > packet.size) {
        return false;
    }
    fields->ip_size = total_size;
    if ((flags_and_offset & 0x1fff) == 0) {
        read_upper_layer(reader_over((struct byte_view){.data = packet.data + header_size,
                                                        .size = total_size - header_size}),
                         fields);
    }
    return true;
}

static bool is_extension(uint8_t next_header)
{
    return next_header == IP_HOP_BY_HOP || next_header == IP_ROUTING ||
           next_header == IP_FRAGMENT || next_header == IP_DESTINATION_OPTIONS ||
           next_header == IP_AUTHENTICATION_HEADER;
}

// Takes one extension header. False when it is cut short. `out_is_later_fragment`: behind it
// comes the middle of something, not another header.
static bool take_extension(struct byte_reader *in, uint8_t *next_header,
                           bool *out_is_later_fragment)
{
    const uint8_t type = *next_header;
    struct byte_view rest;
    uint8_t following;
    uint8_t length;

    if (!reader_take_u8(in, &following) || !reader_take_u8(in, &length)) {
        return false;
    }
    size_t rest_size = (size_t)length * 8 + 6;
    if (type == IP_AUTHENTICATION_HEADER) {
        rest_size = (size_t)length * 4 + 6;
    } else if (type == IP_FRAGMENT) {
        rest_size = 6;
    }
    if (!reader_take_bytes(in, rest_size, &rest)) {
        return false;
    }
    *out_is_later_fragment = type == IP_FRAGMENT && (rest.data[0] != 0 || rest.data[1] >> 3 != 0);
    *next_header = following;
    return true;
}

static bool read_ipv6(struct byte_view packet, struct packet_fields *fields)
{
    struct byte_reader in = reader_over(packet);
    struct byte_reader payload;
    struct byte_view ignored;
    uint16_t payload_size;
    bool is_later_fragment = false;

    if (!reader_take_bytes(&in, 4, &ignored) || !reader_take_u16(&in, &payload_size) ||
        !reader_take_u8(&in, &fields->ip_protocol) || !reader_take_bytes(&in, 1, &ignored) ||
        !take_addresses(&in, 16, fields) || !reader_take_part(&in, payload_size, &payload)) {
        return false;
    }
    fields->ip_size = IPV6_HEADER_SIZE + (size_t)payload_size;
    for (unsigned i = 0; is_extension(fields->ip_protocol) && !is_later_fragment; i++) {
        if (i == IPV6_MOST_EXTENSIONS ||
            !take_extension(&payload, &fields->ip_protocol, &is_later_fragment)) {
            return false;
        }
    }
    if (!is_later_fragment) {
        read_upper_layer(payload, fields);
    }
    return true;
}

bool packet_fields_read(struct byte_view packet, struct packet_fields *out_fields)
{
    struct packet_fields fields = {0};
    bool done = false;
    if (packet.size > 0) {
        const unsigned version = packet.data[0] >> 4;
        done = (version == 4 && read_ipv4(packet, &fields)) ||
               (version == 6 && read_ipv6(packet, &fields));
    }
    if (done) {
        *out_fields = fields;
    }
    return done;
}
