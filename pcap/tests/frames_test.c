// From frames to IKE, ESP and the rest.
#include "pcap/frames.h"

#include <string.h>

#include "harness/tap/tap.h"
#include "pcap/tests/capture_builder.h"

enum { ROOM = 512 };

static const uint8_t ike_bytes[40] = {1};
static const uint8_t esp_bytes[40] = {0xc0, 0xff, 0xee, 1};
static const uint8_t marked_bytes[44] = {0, 0, 0, 0, 9};
static const uint8_t keepalive_bytes[] = {0xff};

static void read_as(unsigned link_type, struct byte_view bytes, struct carried_packet *out)
{
    const struct capture_frame frame = {
        .link_type = link_type, .bytes = bytes, .original_size = (uint32_t)bytes.size};
    frame_read(&frame, out);
}

static void tells_what_udp_carries(void)
{
    const struct {
        uint16_t source;
        uint16_t destination;
        struct byte_view payload;
        enum carried_kind kind;
        size_t content;
    } cases[] = {
        {500,   500,   VIEW_OF(ike_bytes),       CARRIED_IKE,       40},
        {500,   61000, VIEW_OF(ike_bytes),       CARRIED_IKE,       40},
        {4500,  4500,  VIEW_OF(marked_bytes),    CARRIED_IKE,       40},
        {61000, 4500,  VIEW_OF(esp_bytes),       CARRIED_ESP,       40},
        {4500,  61000, VIEW_OF(keepalive_bytes), CARRIED_KEEPALIVE, 0 },
        {7000,  7000,  VIEW_OF(esp_bytes),       CARRIED_OTHER,     48},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned family = 0; family < 2; family++) {
            uint8_t bytes[ROOM];
            struct carried_packet packet;
            const size_t size =
                build_udp(bytes, family == 0 ? "192.0.2.1" : "2001:db8:a::1", cases[i].source,
                          family == 0 ? "198.51.100.1" : "2001:db8:b::1", cases[i].destination,
                          cases[i].payload);
            read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
            ok(packet.kind == cases[i].kind, "case %zu, family %u: %s", i, family,
               carried_kind_name(packet.kind));
            ok(packet.kind == CARRIED_KEEPALIVE || packet.content.size == cases[i].content,
               "case %zu, family %u: %zu bytes of content", i, family, packet.content.size);
            ok(packet.source.port == cases[i].source &&
                   packet.destination.port == cases[i].destination,
               "case %zu, family %u: ports", i, family);
        }
    }
}

static void tells_esp_from_other_protocols(void)
{
    uint8_t bytes[ROOM];
    struct carried_packet packet;
    size_t size = build_ip(bytes, "192.0.2.1", "198.51.100.1", 50, VIEW_OF(esp_bytes));
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_ESP && !packet.is_udp_encapsulated, "protocol 50");
    is_bytes(packet.content.data, packet.content.size, esp_bytes, sizeof(esp_bytes),
             "from the SPI on");
    size = build_ip(bytes, "192.0.2.1", "198.51.100.1", 1, VIEW_OF(esp_bytes));
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_OTHER && packet.ip_protocol == 1, "ICMP is something else");
}

static void strips_every_link_layer(void)
{
    static const struct {
        unsigned link_type;
        size_t header;
        uint8_t bytes[24];
    } links[] = {
        {LINK_RAW,            0,  {0}                                                    },
        {LINK_RAW_BSD,        0,  {0}                                                    },
        {LINK_RAW_OPENBSD,    0,  {0}                                                    },
        {LINK_ETHERNET,       14, {[12] = 0x08, 0x00}                                    },
        {LINK_ETHERNET,       18, {[12] = 0x81, 0x00, 0, 5, 0x08, 0x00}                  },
        {LINK_ETHERNET,       22, {[12] = 0x88, 0xa8, 0, 5, 0x81, 0x00, 0, 6, 0x08, 0x00}},
        {LINK_NULL,           4,  {2}                                                    },
        {LINK_LOOP,           4,  {0, 0, 0, 2}                                           },
        {LINK_LINUX_COOKED,   16, {[14] = 0x08, 0x00}                                    },
        {LINK_LINUX_COOKED_2, 20, {0x08, 0x00}                                           },
    };
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        uint8_t bytes[ROOM];
        struct carried_packet packet;
        memcpy(bytes, links[i].bytes, links[i].header);
        const size_t size = links[i].header + build_udp(bytes + links[i].header, "192.0.2.1", 500,
                                                        "198.51.100.1", 500, VIEW_OF(ike_bytes));
        read_as(links[i].link_type, (struct byte_view){.data = bytes, .size = size}, &packet);
        ok(packet.kind == CARRIED_IKE, "link type %u, header of %zu bytes", links[i].link_type,
           links[i].header);
    }
}

static void leaves_other_frames_alone(void)
{
    const uint8_t arp[] = {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 0x08, 0x06, 0, 1};
    struct carried_packet packet;
    read_as(LINK_ETHERNET, VIEW_OF(arp), &packet);
    ok(packet.kind == CARRIED_NOT_IP, "ARP");
    read_as(105, VIEW_OF(arp), &packet);
    ok(packet.kind == CARRIED_NOT_IP, "an unknown link type");
}

static void marks_fragments(void)
{
    uint8_t bytes[ROOM];
    struct carried_packet packet;
    size_t size = build_udp(bytes, "192.0.2.1", 500, "198.51.100.1", 500, VIEW_OF(ike_bytes));
    bytes[6] = 0x20; // more fragments
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_FRAGMENT, "the first IPv4 fragment");
    bytes[6] = 0;
    bytes[7] = 5;
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_FRAGMENT, "a later IPv4 fragment");
    bytes[6] = 0x40; // do not fragment
    bytes[7] = 0;
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_IKE, "don't fragment is no fragment");
    const uint8_t extension[] = {17, 0, 0, 1, 1, 2, 3, 4, 1, 2, 3, 4};
    size = build_ip(bytes, "2001:db8:a::1", "2001:db8:b::1", 44, VIEW_OF(extension));
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_FRAGMENT && packet.ip_protocol == 17, "an IPv6 fragment");
}

static void looks_behind_extension_headers(void)
{
    uint8_t bytes[ROOM];
    struct carried_packet packet;
    uint8_t payload[8 + sizeof(esp_bytes)] = {50, 0, 1, 4};
    memcpy(payload + 8, esp_bytes, sizeof(esp_bytes));
    const size_t size = build_ip(bytes, "2001:db8:a::1", "2001:db8:b::1", 60, VIEW_OF(payload));
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_ESP, "ESP behind destination options");
    is_bytes(packet.content.data, packet.content.size, esp_bytes, sizeof(esp_bytes), "its bytes");
}

static void calls_lying_lengths_malformed(void)
{
    uint8_t bytes[ROOM];
    struct carried_packet packet;
    const size_t size = build_udp(bytes, "192.0.2.1", 500, "198.51.100.1", 500, VIEW_OF(ike_bytes));
    bool good = true;
    for (size_t cut = 0; cut < size; cut++) {
        read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = cut}, &packet);
        good = good && packet.kind == CARRIED_MALFORMED && packet.problem != NULL;
    }
    ok(good, "every truncation of IPv4");
    bytes[25] = 7; // UDP length below its header
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_MALFORMED, "%s", packet.problem);
    bytes[0] = 0x44; // IPv4 header of 16 bytes
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_MALFORMED, "%s", packet.problem);
    bytes[0] = 0x75;
    read_as(LINK_RAW, (struct byte_view){.data = bytes, .size = size}, &packet);
    ok(packet.kind == CARRIED_MALFORMED, "%s", packet.problem);
}

int main(void)
{
    tells_what_udp_carries();
    tells_esp_from_other_protocols();
    strips_every_link_layer();
    leaves_other_frames_alone();
    marks_fragments();
    looks_behind_extension_headers();
    calls_lying_lengths_malformed();
    return done_testing();
}
