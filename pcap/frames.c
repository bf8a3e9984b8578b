// RFC 791, RFC 8200 section 4, RFC 3948 section 2, RFC 7296 section 3.1.
#include "pcap/frames.h"

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/wire/udp_encapsulation.h"

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_SERVICE_VLAN = 0x88a8,
    MOST_VLAN_TAGS = 4,
    MOST_EXTENSION_HEADERS = 16,
    UDP_HEADER_SIZE = 8,
};

enum {
    EXTENSION_HOP_BY_HOP = 0,
    EXTENSION_ROUTING = 43,
    EXTENSION_FRAGMENT = 44,
    EXTENSION_AUTHENTICATION = 51,
    EXTENSION_DESTINATION = 60,
};

static void malformed(struct carried_packet *out, const char *problem)
{
    out->kind = CARRIED_MALFORMED;
    out->problem = problem;
}

static bool skip(struct byte_reader *in, size_t size)
{
    struct byte_view skipped;
    return reader_take_bytes(in, size, &skipped);
}

static bool take_address(struct byte_reader *in, size_t size, struct ip_address *out_address)
{
    struct byte_view bytes;
    return reader_take_bytes(in, size, &bytes) && address_from_bytes(bytes, out_address);
}

static void read_udp(struct byte_reader in, struct carried_packet *out)
{
    uint16_t source = 0;
    uint16_t destination = 0;
    uint16_t length = 0;
    struct byte_view payload;
    if (!reader_take_u16(&in, &source) || !reader_take_u16(&in, &destination) ||
        !reader_take_u16(&in, &length) || !skip(&in, 2)) {
        malformed(out, "the packet ends inside its UDP header");
        return;
    }
    out->source.port = source;
    out->destination.port = destination;
    if (length < UDP_HEADER_SIZE ||
        !reader_take_bytes(&in, length - (size_t)UDP_HEADER_SIZE, &payload)) {
        malformed(out, "the UDP length does not fit the packet");
        return;
    }
    if (source == IKE_NAT_TRAVERSAL_PORT || destination == IKE_NAT_TRAVERSAL_PORT) {
        const enum udp_encapsulation_kind kind = udp_encapsulation_read(payload, &out->content);
        out->is_udp_encapsulated = true;
        out->kind = kind == UDP_ENCAPSULATED_IKE   ? CARRIED_IKE
                    : kind == UDP_ENCAPSULATED_ESP ? CARRIED_ESP
                    : kind == UDP_NAT_KEEPALIVE    ? CARRIED_KEEPALIVE
                                                   : CARRIED_MALFORMED;
        if (kind == UDP_ENCAPSULATED_JUNK) {
            out->content = payload;
            out->problem = "a datagram on port 4500 that is neither IKE nor ESP nor a keepalive";
        }
    } else if (source == IKE_PORT || destination == IKE_PORT) {
        out->kind = CARRIED_IKE;
        out->content = payload;
    }
}

// A packet too short for its ports keeps none.
static void read_ports(struct byte_reader in, struct carried_packet *out)
{
    uint16_t source = 0;
    uint16_t destination = 0;
    if (reader_take_u16(&in, &source) && reader_take_u16(&in, &destination)) {
        out->source.port = source;
        out->destination.port = destination;
    }
}

static void read_transport(struct byte_reader in, struct carried_packet *out)
{
    out->kind = CARRIED_OTHER;
    out->content = (struct byte_view){.data = in.next, .size = in.left};
    if (out->ip_protocol == IP_PROTOCOL_UDP) {
        read_udp(in, out);
    } else if (out->ip_protocol == IP_PROTOCOL_TCP) {
        read_ports(in, out);
    } else if (out->ip_protocol == IP_PROTOCOL_ESP) {
        out->kind = CARRIED_ESP;
    }
}

static void note_fragment(struct byte_reader in, struct carried_packet *out)
{
    out->kind = CARRIED_FRAGMENT;
    out->content = (struct byte_view){.data = in.next, .size = in.left};
}

static void read_ipv4(struct byte_view bytes, struct carried_packet *out)
{
    struct byte_reader in = reader_over(bytes);
    uint8_t version_and_size = 0;
    uint16_t length = 0;
    uint16_t fragment = 0;
    uint16_t id = 0;
    if (!reader_take_u8(&in, &version_and_size) || !skip(&in, 1) ||
        !reader_take_u16(&in, &length) || !reader_take_u16(&in, &id) ||
        !reader_take_u16(&in, &fragment) || !skip(&in, 1) ||
        !reader_take_u8(&in, &out->ip_protocol) || !skip(&in, 2) ||
        !take_address(&in, 4, &out->source.address) ||
        !take_address(&in, 4, &out->destination.address)) {
        malformed(out, "the packet ends inside its IPv4 header");
        return;
    }
    const size_t header = (size_t)(version_and_size & 0x0fU) * 4;
    if (length == 0 && bytes.size <= UINT16_MAX) { // captured before segmentation offload
        length = (uint16_t)bytes.size;
    }
    if (header < 20 || length < header || length > bytes.size) {
        malformed(out, "the IPv4 lengths contradict the packet");
        return;
    }
    out->ip_packet = (struct byte_view){.data = bytes.data, .size = length};
    in = (struct byte_reader){.next = bytes.data + header, .left = length - header};
    if ((fragment & 0x3fffU) != 0) { // more fragments, or an offset
        out->fragment_id = id;
        out->fragment_offset = (size_t)(fragment & 0x1fffU) * 8;
        out->has_more_fragments = (fragment & 0x2000U) != 0;
        note_fragment(in, out);
    } else {
        read_transport(in, out);
    }
}

// Skips one extension header. False when it breaks off; `*is_last` when `next` is none.
static bool skip_extension(struct byte_reader *in, uint8_t *next, bool *is_last,
                           struct carried_packet *out)
{
    uint8_t following = 0;
    uint8_t length = 0;
    uint16_t fragment = 0;
    switch (*next) {
    case EXTENSION_HOP_BY_HOP:
    case EXTENSION_ROUTING:
    case EXTENSION_DESTINATION:
        if (!reader_take_u8(in, &following) || !reader_take_u8(in, &length) ||
            !skip(in, (size_t)length * 8 + 6)) {
            return false;
        }
        break;
    case EXTENSION_AUTHENTICATION:
        if (!reader_take_u8(in, &following) || !reader_take_u8(in, &length) ||
            !skip(in, ((size_t)length + 2) * 4 - 2)) {
            return false;
        }
        break;
    case EXTENSION_FRAGMENT:
        if (!reader_take_u8(in, &following) || !skip(in, 1) || !reader_take_u16(in, &fragment) ||
            !reader_take_u32(in, &out->fragment_id)) {
            return false;
        }
        // An atomic fragment (RFC 6946) is a whole packet.
        *is_last = (fragment & 0xfff9U) != 0;
        out->fragment_offset = fragment & 0xfff8U;
        out->has_more_fragments = (fragment & 1U) != 0;
        break;
    default:
        *is_last = true;
        return true;
    }
    *next = following;
    return true;
}

static void read_ipv6(struct byte_view bytes, struct carried_packet *out)
{
    struct byte_reader in = reader_over(bytes);
    uint16_t length = 0;
    uint8_t next = 0;
    if (!skip(&in, 4) || !reader_take_u16(&in, &length) || !reader_take_u8(&in, &next) ||
        !skip(&in, 1) || !take_address(&in, 16, &out->source.address) ||
        !take_address(&in, 16, &out->destination.address)) {
        malformed(out, "the packet ends inside its IPv6 header");
        return;
    }
    if (length > in.left) {
        malformed(out, "the IPv6 length contradicts the packet");
        return;
    }
    out->ip_packet = (struct byte_view){.data = bytes.data, .size = length + (size_t)40};
    in.left = length;
    bool is_last = false;
    for (unsigned i = 0; i < MOST_EXTENSION_HEADERS && !is_last; i++) {
        if (!skip_extension(&in, &next, &is_last, out)) {
            malformed(out, "the packet ends inside an IPv6 extension header");
            return;
        }
    }
    out->ip_protocol = next;
    if (out->fragment_offset != 0 || out->has_more_fragments) {
        note_fragment(in, out);
    } else {
        read_transport(in, out);
    }
}

void ip_packet_read(struct byte_view bytes, struct carried_packet *out_packet)
{
    *out_packet = (struct carried_packet){.kind = CARRIED_NOT_IP};
    if (bytes.size == 0) {
        malformed(out_packet, "an empty packet");
        return;
    }
    const unsigned version = bytes.data[0] >> 4;
    if (version == 4) {
        read_ipv4(bytes, out_packet);
    } else if (version == 6) {
        read_ipv6(bytes, out_packet);
    } else {
        malformed(out_packet, "neither IPv4 nor IPv6");
    }
}

void ip_quote_read(struct byte_view bytes, struct carried_packet *out_packet)
{
    struct byte_reader in = reader_over(bytes);
    *out_packet = (struct carried_packet){.kind = CARRIED_OTHER};
    if (bytes.size == 0) {
        return;
    }
    const bool is_ipv6 = bytes.data[0] >> 4 == 6;
    const size_t header = is_ipv6 ? 40 : (size_t)(bytes.data[0] & 0x0fU) * 4;
    if (!skip(&in, is_ipv6 ? 6 : 9) || !reader_take_u8(&in, &out_packet->ip_protocol) ||
        !skip(&in, is_ipv6 ? 1 : 2) ||
        !take_address(&in, is_ipv6 ? 16 : 4, &out_packet->source.address) ||
        !take_address(&in, is_ipv6 ? 16 : 4, &out_packet->destination.address)) {
        return;
    }
    in = reader_over(bytes);
    if (out_packet->ip_protocol == IP_PROTOCOL_UDP && skip(&in, header)) {
        read_ports(in, out_packet);
    }
}

// Takes the EtherType and any VLAN tags before it.
static bool take_ethertype(struct byte_reader *in, uint16_t *out_type)
{
    for (unsigned tags = 0; tags <= MOST_VLAN_TAGS; tags++) {
        if (!reader_take_u16(in, out_type)) {
            return false;
        }
        if (*out_type != ETHERTYPE_VLAN && *out_type != ETHERTYPE_SERVICE_VLAN) {
            return true;
        }
        if (!skip(in, 2)) {
            return false;
        }
    }
    return false;
}

// Strips the link layer. False when it breaks off; `*is_ip` false when something else is in it.
static bool strip_link(unsigned link_type, struct byte_reader *in, bool *is_ip)
{
    uint16_t ethertype = ETHERTYPE_IPV4;
    bool whole = true;
    switch (link_type) {
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_IPV4:
    case LINK_IPV6:
        break;
    case LINK_ETHERNET:
        whole = skip(in, 12) && take_ethertype(in, &ethertype);
        break;
    case LINK_NULL: // the family is in the byte order of the machine, and differs by system
    case LINK_LOOP: // so the IP version behind it decides
        whole = skip(in, 4);
        break;
    case LINK_LINUX_COOKED:
        whole = skip(in, 14) && take_ethertype(in, &ethertype);
        break;
    case LINK_LINUX_COOKED_2:
        whole = reader_take_u16(in, &ethertype) && skip(in, 18);
        break;
    default:
        ethertype = 0;
        break;
    }
    *is_ip = ethertype == ETHERTYPE_IPV4 || ethertype == ETHERTYPE_IPV6;
    return whole;
}

void frame_read(const struct capture_frame *frame, struct carried_packet *out_packet)
{
    struct byte_reader in = reader_over(frame->bytes);
    bool is_ip = false;
    if (!strip_link(frame->link_type, &in, &is_ip)) {
        *out_packet = (struct carried_packet){0};
        malformed(out_packet, "the frame ends inside its link header");
    } else if (!is_ip) {
        *out_packet = (struct carried_packet){.kind = CARRIED_NOT_IP, .content = frame->bytes};
    } else {
        ip_packet_read((struct byte_view){.data = in.next, .size = in.left}, out_packet);
    }
    if (out_packet->kind == CARRIED_MALFORMED && frame->original_size > frame->bytes.size) {
        out_packet->problem = "the capture cut the packet";
    }
}

const char *carried_kind_name(enum carried_kind kind)
{
    static const char *const names[] = {
        [CARRIED_IKE] = "ike",
        [CARRIED_ESP] = "esp",
        [CARRIED_KEEPALIVE] = "keepalive",
        [CARRIED_FRAGMENT] = "fragment",
        [CARRIED_OTHER] = "other",
        [CARRIED_NOT_IP] = "not-ip",
        [CARRIED_MALFORMED] = "malformed",
    };
    return names[kind];
}
