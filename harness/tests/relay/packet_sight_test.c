#include "harness/tap/tap.h"
#include "harness/tests/relay/sample_packets.h"

static const struct sample_ike request = {.spi = 0x1111111111111111U,
                                          .exchange = 35,
                                          .from_initiator = true,
                                          .message_id = 1};

static void sees_an_ike_message(void)
{
    struct packet_sight sight;
    const struct sample_packet packet = sample_ike(&request);
    ok(packet_look(sample_view(&packet), &sight) && sight.kind == PACKET_IKE, "an IKE message");
    ok(sight.ike.initiator_spi == 0x1111111111111111U && sight.ike.exchange == 35 &&
           !sight.ike.is_response && sight.ike.from_initiator && sight.ike.message_id == 1 &&
           sight.ike.fragment_number == 0,
       "its clear header");
    char source[ADDRESS_TEXT_SIZE];
    address_format(&sight.source, source);
    ok(strcmp(source, "192.0.2.1") == 0 && sight.hop_limit == 64 && sight.source_port == 500 &&
           sight.payload.size == 40,
       "and what is around it");
}

static void sees_ike_behind_the_marker(void)
{
    struct packet_sight sight;
    const struct sample_packet packet = sample_ike_over_nat(&request);
    ok(packet_look(sample_view(&packet), &sight) && sight.kind == PACKET_IKE &&
           sight.ike.message_id == 1 && sight.ike.message.size == 40,
       "the non-ESP marker is not part of the message");
}

static void sees_a_fragment(void)
{
    struct packet_sight sight;
    struct sample_ike fragment = request;
    fragment.fragment = 2;
    const struct sample_packet packet = sample_ike(&fragment);
    ok(packet_look(sample_view(&packet), &sight) && sight.ike.fragment_number == 2 &&
           sight.ike.fragment_count == 3,
       "fragment 2 of 3");
}

static void tells_what_uses_port_4500(void)
{
    static const uint8_t esp[] = {0xc0, 0xff, 0xee, 1, 0, 0, 0, 1};
    static const uint8_t keepalive[] = {0xff};
    struct packet_sight sight;
    struct sample_packet packet = sample_udp(4500, 33333, VIEW_OF(esp));
    ok(packet_look(sample_view(&packet), &sight) && sight.kind == PACKET_ESP, "ESP in UDP");
    packet = sample_udp(4500, 4500, VIEW_OF(keepalive));
    ok(packet_look(sample_view(&packet), &sight) && sight.kind == PACKET_NAT_KEEPALIVE,
       "a NAT keepalive");
}

static void sees_esp_and_probes(void)
{
    static const uint8_t probe[40] = "ikelab-probe/1";
    struct packet_sight sight;
    struct sample_packet packet = sample_esp(1);
    ok(packet_look(sample_view(&packet), &sight) && sight.kind == PACKET_ESP &&
           sight.family == ADDRESS_IPV6 && sight.payload.size == 24,
       "ESP alone, over IPv6");
    packet = sample_udp(7007, 7007, VIEW_OF(probe));
    ok(packet_look(sample_view(&packet), &sight) && sight.has_probe_tag &&
           sight.kind == PACKET_OTHER,
       "a probe in the clear");
}

static void walks_over_extension_headers(void)
{
    // Hop-by-hop options, then a fragment header of a first fragment, then ESP.
    static const uint8_t chain[] = {44, 0, 1, 4, 0, 0, 0, 0, 50, 0, 0, 1, 0, 0, 0, 7};
    struct packet_sight sight;
    struct sample_packet packet = sample_esp(1);
    memmove(packet.bytes + 40 + sizeof(chain), packet.bytes + 40, 24);
    memcpy(packet.bytes + 40, chain, sizeof(chain));
    packet.bytes[5] = 24 + sizeof(chain);
    packet.bytes[6] = 0;
    packet.size += sizeof(chain);
    ok(packet_look(sample_view(&packet), &sight) && sight.kind == PACKET_ESP &&
           sight.transport == 56 && sight.is_first_part,
       "ESP behind two extension headers");
    packet.bytes[40 + 8 + 3] = 9; // offset 8: a later fragment
    ok(packet_look(sample_view(&packet), &sight) && !sight.is_first_part, "a later fragment");
}

static void cuts_what_stands_behind_the_packet(void)
{
    struct packet_sight sight;
    struct sample_packet packet = sample_ike(&request);
    const size_t size = packet.size;
    packet.size += 6;
    ok(packet_look(sample_view(&packet), &sight) && sight.packet.size == size, "padding is cut");
}

static void rejects_every_truncation(void)
{
    struct packet_sight sight;
    const struct sample_packet ipv4 = sample_ike(&request);
    const struct sample_packet ipv6 = sample_esp(1);
    size_t accepted = 0;
    for (size_t size = 0; size < ipv4.size; size++) {
        accepted += packet_look((struct byte_view){ipv4.bytes, size}, &sight);
    }
    for (size_t size = 0; size < ipv6.size; size++) {
        accepted += packet_look((struct byte_view){ipv6.bytes, size}, &sight);
    }
    ok(accepted == 0, "no truncated packet is taken");
    struct sample_packet wrong = ipv4;
    wrong.bytes[9] ^= 1;
    ok(!packet_look(sample_view(&wrong), &sight), "nor one with a wrong header checksum");
}

// RFC 1624 section 4 has this example: 0x5555 becomes 0x3285 under checksum 0xdd2f.
static void updates_a_checksum(void)
{
    ok(checksum_after_change(0xdd2f, 0x5555, 0x3285) == 0x0000, "the example of RFC 1624");
}

int main(void)
{
    sees_an_ike_message();
    sees_ike_behind_the_marker();
    sees_a_fragment();
    tells_what_uses_port_4500();
    sees_esp_and_probes();
    walks_over_extension_headers();
    cuts_what_stands_behind_the_packet();
    rejects_every_truncation();
    updates_a_checksum();
    return done_testing();
}
