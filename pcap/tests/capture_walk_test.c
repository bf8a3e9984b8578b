// Walking through a capture: fragments put together, ports that say nothing, IKE inside TCP.
#include "pcap/capture_walk.h"

#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "pcap/capture_contents.h"
#include "pcap/message_json.h"
#include "pcap/tests/capture_builder.h"

static const char west[] = "192.0.2.1";
static const char east[] = "198.51.100.1";

enum { MOST_VISITS = 64, PACKET_SIZE = 8192 };

struct visits {
    size_t count;
    struct {
        enum carried_kind kind;
        size_t size;
        uint8_t first;
        struct packet_origin origin;
    } items[MOST_VISITS];
};

static bool note_visit(void *context, const struct walked_packet *walked)
{
    struct visits *visits = context;
    if (visits->count < MOST_VISITS) {
        visits->items[visits->count].kind = walked->packet->kind;
        visits->items[visits->count].size = walked->packet->content.size;
        visits->items[visits->count].first =
            walked->packet->content.size > 0 ? walked->packet->content.data[0] : 0;
        visits->items[visits->count++].origin = walked->origin;
    }
    return true;
}

// Walks, and clears the builder.
static struct visits walk(struct capture_builder *builder, struct walk_summary *out_summary)
{
    struct visits visits = {0};
    struct capture_fault fault;
    struct capture_file *file = capture_file_over(
        (struct byte_view){.data = builder->bytes, .size = builder->size}, &fault);
    ok(file != NULL && capture_walk(file, note_visit, &visits, out_summary) &&
           out_summary->is_complete,
       "the capture can be walked");
    capture_file_close(file);
    builder_clear(builder);
    return visits;
}

// An IKE header with an unknown payload behind it that fills up `size` bytes.
static void make_ike(uint8_t *out, size_t size, uint8_t version, uint8_t exchange)
{
    struct byte_writer writer = writer_into(out, size);
    writer_put_u64(&writer, 0xc1a2b3c4d5e6f708U);
    writer_put_u64(&writer, 0);
    writer_put_u8(&writer, size > 28 ? 200 : 0);
    writer_put_u8(&writer, version);
    writer_put_u8(&writer, exchange);
    writer_put_u8(&writer, version == 0x20 ? 8 : 0);
    writer_put_u32(&writer, 0);
    writer_put_u32(&writer, (uint32_t)size);
    if (size > 28) {
        writer_put_u16(&writer, 0);
        writer_put_u16(&writer, (uint16_t)(size - 28));
        writer_put_zeros(&writer, size - 32);
    }
}

// --- fragments ------------------------------------------------------------------------------

// One IPv4 fragment of the IP payload `bytes`, from `start`, `size` bytes.
static void put_fragment4(struct capture_builder *builder, struct byte_view bytes, size_t start,
                          size_t size)
{
    uint8_t packet[PACKET_SIZE];
    const bool has_more = start + size < bytes.size;
    const size_t total = build_ip(packet, west, east, 17,
                                  (struct byte_view){.data = bytes.data + start, .size = size});
    packet[4] = 0x77;
    packet[6] = (uint8_t)((has_more ? 0x20U : 0U) | start >> 11);
    packet[7] = (uint8_t)(start >> 3);
    builder_packet(builder, 0, 1700000000000000U, (struct byte_view){.data = packet, .size = total},
                   NULL);
}

static void put_fragment6(struct capture_builder *builder, struct byte_view bytes, size_t start,
                          size_t size)
{
    uint8_t packet[PACKET_SIZE];
    uint8_t payload[PACKET_SIZE];
    const bool has_more = start + size < bytes.size;
    struct byte_writer writer = writer_into(payload, sizeof(payload));
    writer_put_u8(&writer, 17);
    writer_put_u8(&writer, 0);
    writer_put_u16(&writer, (uint16_t)(start | (has_more ? 1U : 0U)));
    writer_put_u32(&writer, 0x12345678);
    writer_put_bytes(&writer, (struct byte_view){.data = bytes.data + start, .size = size});
    const size_t total = build_ip(packet, "2001:db8:a::1", "2001:db8:b::1", 44,
                                  (struct byte_view){.data = payload, .size = writer.used});
    builder_packet(builder, 0, 1700000000000000U, (struct byte_view){.data = packet, .size = total},
                   NULL);
}

// The UDP datagram with an IKE message of 3000 bytes.
static size_t large_datagram(uint8_t *out)
{
    uint8_t message[3000];
    uint8_t packet[PACKET_SIZE];
    make_ike(message, sizeof(message), 0x20, 35);
    const size_t size = build_udp(packet, west, 500, east, 500, VIEW_OF(message));
    memcpy(out, packet + 20, size - 20);
    return size - 20;
}

static void puts_ipv4_fragments_together_in_any_order(void)
{
    uint8_t datagram[PACKET_SIZE];
    const struct byte_view bytes = {.data = datagram, .size = large_datagram(datagram)};
    static const size_t orders[3][3] = {
        {0, 1, 2},
        {2, 1, 0},
        {1, 2, 0}
    };
    for (size_t i = 0; i < 3; i++) {
        struct capture_builder builder;
        struct walk_summary summary;
        builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
        for (size_t j = 0; j < 3; j++) {
            const size_t start = orders[i][j] * 1480;
            put_fragment4(&builder, bytes, start, start < 2960 ? 1480 : bytes.size - start);
        }
        const struct visits visits = walk(&builder, &summary);
        ok(visits.count == 3 && visits.items[0].kind == CARRIED_FRAGMENT &&
               visits.items[2].kind == CARRIED_IKE && visits.items[2].size == 3000,
           "order %zu: the last one is the message", i);
        ok(visits.items[2].origin.is_reassembled && visits.items[2].origin.source.port == 500 &&
               summary.lost_count == 0,
           "order %zu: with ports, nothing lost", i);
    }
}

static void puts_ipv6_fragments_together(void)
{
    uint8_t datagram[PACKET_SIZE];
    const struct byte_view bytes = {.data = datagram, .size = large_datagram(datagram)};
    struct capture_builder builder;
    struct walk_summary summary;
    builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
    put_fragment6(&builder, bytes, 0, 1448);
    put_fragment6(&builder, bytes, 1448, bytes.size - 1448);
    const struct visits visits = walk(&builder, &summary);
    ok(visits.count == 2 && visits.items[1].kind == CARRIED_IKE && visits.items[1].size == 3000,
       "two fragments are one message");
}

static void tells_which_fragments_never_came(void)
{
    uint8_t datagram[PACKET_SIZE];
    const struct byte_view bytes = {.data = datagram, .size = large_datagram(datagram)};
    struct capture_builder builder;
    struct walk_summary summary;
    builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
    put_fragment4(&builder, bytes, 0, 1480);
    put_fragment4(&builder, bytes, 2960, bytes.size - 2960);
    const struct visits visits = walk(&builder, &summary);
    ok(visits.count == 2 && visits.items[1].kind == CARRIED_FRAGMENT, "no message");
    ok(summary.lost_count == 1 && summary.lost[0].first_frame == 1 &&
           summary.lost[0].received == 2 && summary.lost[0].has_first,
       "one packet is lost, two of its fragments were there");
}

static void survives_more_waiting_packets_than_it_holds(void)
{
    uint8_t packet[PACKET_SIZE];
    uint8_t data[64] = {0};
    struct capture_builder builder;
    struct walk_summary summary;
    builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
    for (unsigned i = 0; i < 200; i++) {
        const size_t size = build_ip(packet, west, east, 17, VIEW_OF(data));
        packet[4] = (uint8_t)(i >> 8);
        packet[5] = (uint8_t)i;
        packet[6] = 0x20;
        builder_packet(&builder, 0, 1700000000000000U,
                       (struct byte_view){.data = packet, .size = size}, NULL);
    }
    (void)walk(&builder, &summary);
    ok(summary.lost_count == IP_FRAGMENTS_MOST_LOST, "the first 64 losses are kept");
}

// --- other ports ----------------------------------------------------------------------------

static void put_udp(struct capture_builder *builder, bool is_from_west, uint16_t port,
                    struct byte_view payload)
{
    uint8_t packet[PACKET_SIZE];
    const size_t size = is_from_west ? build_udp(packet, west, port, east, port, payload)
                                     : build_udp(packet, east, port, west, port, payload);
    builder_packet(builder, 0, 1700000000000000U, (struct byte_view){.data = packet, .size = size},
                   NULL);
}

static void finds_ike_and_esp_on_other_ports(void)
{
    struct capture_builder builder;
    struct walk_summary summary;
    uint8_t marked[4 + 64] = {0};
    uint8_t plain[64];
    static const uint8_t esp[40] = {0xc0, 0xff, 0xee, 0x01, 0, 0, 0, 1};
    static const uint8_t keepalive[1] = {0xff};
    make_ike(plain, sizeof(plain), 0x20, 34);
    memcpy(marked + 4, plain, sizeof(plain));
    builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
    put_udp(&builder, true, 14500, VIEW_OF(esp)); // before anything is known
    put_udp(&builder, true, 10500, VIEW_OF(plain));
    put_udp(&builder, true, 14500, VIEW_OF(marked));
    put_udp(&builder, false, 14500, VIEW_OF(esp));
    put_udp(&builder, true, 14500, VIEW_OF(keepalive));
    put_udp(&builder, true, 53, VIEW_OF(esp));
    const struct visits visits = walk(&builder, &summary);
    static const enum carried_kind wanted[] = {CARRIED_OTHER, CARRIED_IKE,       CARRIED_IKE,
                                               CARRIED_ESP,   CARRIED_KEEPALIVE, CARRIED_OTHER};
    for (size_t i = 0; i < 6; i++) {
        ok(visits.items[i].kind == wanted[i], "packet %zu is %s", i + 1,
           carried_kind_name(wanted[i]));
    }
    ok(!visits.items[1].origin.is_udp_encapsulated && visits.items[3].origin.is_udp_encapsulated,
       "encapsulation is told apart");
}

static void names_ikev1(void)
{
    uint8_t packet[PACKET_SIZE];
    uint8_t message[64];
    char line[MESSAGE_LINE_SIZE];
    struct capture_builder builder;
    struct capture_contents contents;
    struct capture_fault fault;
    const struct key_file keys = {0};
    const struct capture_options options = {.keys = &keys};
    make_ike(message, sizeof(message), 0x10, 2);
    builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
    const size_t size = build_udp(packet, west, 500, east, 500, VIEW_OF(message));
    builder_packet(&builder, 0, 1700000000000000U, (struct byte_view){.data = packet, .size = size},
                   NULL);
    struct capture_file *file =
        capture_file_over((struct byte_view){.data = builder.bytes, .size = builder.size}, &fault);
    const bool is_read = file != NULL && capture_contents_read(file, &options, &contents, &fault);
    ok(is_read && contents.ike_count == 1, "one message");
    if (is_read && contents.ike_count == 1) {
        message_line(&contents.ike[0], line);
        ok(strstr(line, "IKEv1 Main Mode") != NULL, "%s", line);
        capture_contents_clear(&contents);
    }
    capture_file_close(file);
    builder_clear(&builder);
}

// --- TCP ------------------------------------------------------------------------------------

static void put_tcp(struct capture_builder *builder, bool is_from_west, uint32_t sequence,
                    struct byte_view data)
{
    uint8_t packet[PACKET_SIZE];
    uint8_t segment[PACKET_SIZE];
    struct byte_writer writer = writer_into(segment, sizeof(segment));
    writer_put_u16(&writer, is_from_west ? 40000 : 4500);
    writer_put_u16(&writer, is_from_west ? 4500 : 40000);
    writer_put_u32(&writer, sequence);
    writer_put_u32(&writer, 0);
    writer_put_u16(&writer, 0x5018);
    writer_put_u16(&writer, 1024);
    writer_put_u32(&writer, 0);
    writer_put_bytes(&writer, data);
    const size_t size = build_ip(packet, is_from_west ? west : east, is_from_west ? east : west, 6,
                                 (struct byte_view){.data = segment, .size = writer.used});
    builder_packet(builder, 0, 1700000000000000U, (struct byte_view){.data = packet, .size = size},
                   NULL);
}

// "IKETCP", an IKE message of 64 bytes, an ESP packet of 40: 6 + 70 + 42 bytes.
static size_t make_stream(uint8_t *out, size_t capacity, bool has_prefix)
{
    uint8_t message[64];
    static const uint8_t prefix[] = {'I', 'K', 'E', 'T', 'C', 'P'};
    static const uint8_t esp[40] = {0xc0, 0xff, 0xee, 0x01, 0, 0, 0, 1};
    struct byte_writer writer = writer_into(out, capacity);
    make_ike(message, sizeof(message), 0x20, 34);
    if (has_prefix) {
        writer_put_bytes(&writer, VIEW_OF(prefix));
    }
    writer_put_u16(&writer, 2 + 4 + 64);
    writer_put_u32(&writer, 0);
    writer_put_bytes(&writer, VIEW_OF(message));
    writer_put_u16(&writer, 2 + 40);
    writer_put_bytes(&writer, VIEW_OF(esp));
    return writer.used;
}

static void cuts_tcp_streams_into_messages(void)
{
    uint8_t stream[256];
    struct capture_builder builder;
    struct walk_summary summary;
    const size_t size = make_stream(stream, sizeof(stream), true);
    builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
    put_tcp(&builder, true, 1000, (struct byte_view){.data = stream, .size = 20});
    put_tcp(&builder, true, 1100, (struct byte_view){.data = stream + 100, .size = size - 100});
    put_tcp(&builder, true, 1020, (struct byte_view){.data = stream + 20, .size = 80});
    put_tcp(&builder, true, 1020, (struct byte_view){.data = stream + 20, .size = 80});
    const size_t back = make_stream(stream, sizeof(stream), false);
    put_tcp(&builder, false, 9000, (struct byte_view){.data = stream, .size = back});
    const struct visits visits = walk(&builder, &summary);
    static const enum carried_kind wanted[] = {CARRIED_OTHER, CARRIED_OTHER, CARRIED_IKE,
                                               CARRIED_ESP,   CARRIED_OTHER, CARRIED_IKE,
                                               CARRIED_ESP};
    ok(visits.count == 7, "%zu visits", visits.count);
    for (size_t i = 0; i < 7; i++) {
        ok(visits.items[i].kind == wanted[i], "visit %zu is %s", i + 1,
           carried_kind_name(wanted[i]));
    }
    ok(visits.items[2].origin.is_tcp_encapsulated && visits.items[2].origin.frame == 3,
       "the frame is the one that completed the message");
}

static void leaves_other_tcp_alone(void)
{
    struct capture_builder builder;
    struct walk_summary summary;
    static const uint8_t data[64] = {'G', 'E', 'T', ' '};
    builder_begin(&builder, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
    put_tcp(&builder, true, 1000, VIEW_OF(data));
    const struct visits visits = walk(&builder, &summary);
    ok(visits.count == 1 && visits.items[0].kind == CARRIED_OTHER, "a segment is a segment");
}

int main(void)
{
    puts_ipv4_fragments_together_in_any_order();
    puts_ipv6_fragments_together();
    tells_which_fragments_never_came();
    survives_more_waiting_packets_than_it_holds();
    finds_ike_and_esp_on_other_ports();
    names_ikev1();
    cuts_tcp_streams_into_messages();
    leaves_other_tcp_alone();
    return done_testing();
}
