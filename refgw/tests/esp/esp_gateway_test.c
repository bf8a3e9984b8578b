// Two gateways, west and east, back to back: every verdict, rekeying, moving, counting.
#include "refgw/esp/esp_gateway.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/esp/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 2048, WEST_SPI = 0x1000, EAST_SPI = 0x2000 };

struct lab {
    struct esp_gateway *west;
    struct esp_gateway *east;
    struct packet_batch batch;
    uint8_t buffers[BATCH_MOST_PACKETS][BUFFER_SIZE];
};

static const struct aead_choice gcm = {ENCR_AES_GCM_16, 128, AUTH_NONE};
static const struct aead_choice cbc = {ENCR_AES_CBC, 256, AUTH_HMAC_SHA2_256_128};

static struct selector_set one(const char *text)
{
    struct selector_set set = {.count = 1};
    if (!selector_parse(text, &set.items[0])) {
        abort();
    }
    return set;
}

static struct ip_address address(const char *text)
{
    struct ip_address parsed;
    if (!address_parse(text, &parsed)) {
        abort();
    }
    return parsed;
}

static void fill_key(struct secret *key, size_t size, uint32_t from)
{
    if (!secret_allocate(key, size)) {
        abort();
    }
    for (size_t i = 0; i < size; i++) {
        key->data[i] = (uint8_t)((size_t)from * 31 + i);
    }
}

struct child_intent {
    uint32_t id;
    const struct aead_choice *aead;
    const char *local; // west's side
    const char *remote;
    bool has_esn;
    uint32_t replay_window;
};

// West's view of a CHILD_SA; east's when `is_east`. SPIs and keys follow from the id.
static void make_child(const struct child_intent *intent, bool is_east, struct child_sa *out)
{
    struct aead_sizes sizes;
    if (!openssl_provider()->aead_sizes(intent->aead, &sizes)) {
        abort();
    }
    *out = (struct child_sa){
        .connection = "tunnel",
        .child = "net",
        .id = intent->id,
        .inbound_spi = (is_east ? EAST_SPI : WEST_SPI) + intent->id,
        .outbound_spi = (is_east ? WEST_SPI : EAST_SPI) + intent->id,
        .aead = *intent->aead,
        .has_esn = intent->has_esn,
        .replay_window = intent->replay_window,
        .is_udp_encapsulated = is_east,
        .path = {{address(is_east ? "198.51.100.1" : "192.0.2.1"), 4500},
                 {address(is_east ? "192.0.2.1" : "198.51.100.1"), 4500}},
        .local_selectors = one(is_east ? intent->remote : intent->local),
        .remote_selectors = one(is_east ? intent->local : intent->remote),
    };
    fill_key(&out->inbound_encryption_key, sizes.encryption_key, out->inbound_spi);
    fill_key(&out->inbound_integrity_key, sizes.integrity_key, out->inbound_spi + 7);
    fill_key(&out->outbound_encryption_key, sizes.encryption_key, out->outbound_spi);
    fill_key(&out->outbound_integrity_key, sizes.integrity_key, out->outbound_spi + 7);
}

static bool install_on(struct esp_gateway *gateway, const struct child_intent *intent, bool is_east)
{
    struct child_sa sa;
    make_child(intent, is_east, &sa);
    const bool done = esp_gateway_install(gateway, &sa);
    child_sa_clear(&sa);
    return done;
}

static bool install_both(struct lab *lab, const struct child_intent *intent)
{
    return install_on(lab->west, intent, false) && install_on(lab->east, intent, true);
}

static const struct child_intent simple = {.id = 1,
                                           .aead = &gcm,
                                           .local = "203.0.113.0/26",
                                           .remote = "203.0.113.64/26",
                                           .replay_window = 64};

static struct lab *open_lab(void)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    if (lab == NULL) {
        abort();
    }
    lab->west = esp_gateway_new(openssl_provider());
    lab->east = esp_gateway_new(openssl_provider());
    if (lab->west == NULL || lab->east == NULL) {
        abort();
    }
    return lab;
}

static void close_lab(struct lab *lab)
{
    esp_gateway_free(lab->west);
    esp_gateway_free(lab->east);
    free(lab);
}

// --- Packets -------------------------------------------------------------------------------

// A UDP packet with a payload that counts.
static size_t write_ipv4(uint8_t *out, const char *source, const char *destination, size_t payload)
{
    const struct ip_address from = address(source);
    const struct ip_address to = address(destination);
    struct byte_writer writer = writer_into(out, BUFFER_SIZE);
    writer_put_u16(&writer, 0x4500);
    writer_put_u16(&writer, (uint16_t)(28 + payload));
    writer_put_u32(&writer, 0);
    writer_put_u32(&writer, 0x40110000);
    writer_put_bytes(&writer, address_view(&from));
    writer_put_bytes(&writer, address_view(&to));
    writer_put_u16(&writer, 1234);
    writer_put_u16(&writer, 53);
    writer_put_u16(&writer, (uint16_t)(8 + payload));
    writer_put_u16(&writer, 0);
    for (size_t i = 0; i < payload; i++) {
        writer_put_u8(&writer, (uint8_t)i);
    }
    return writer.used;
}

static size_t write_ipv6(uint8_t *out, const char *source, const char *destination, size_t payload)
{
    const struct ip_address from = address(source);
    const struct ip_address to = address(destination);
    struct byte_writer writer = writer_into(out, BUFFER_SIZE);
    writer_put_u32(&writer, 0x60000000);
    writer_put_u16(&writer, (uint16_t)payload);
    writer_put_u16(&writer, 0x3b40);
    writer_put_bytes(&writer, address_view(&from));
    writer_put_bytes(&writer, address_view(&to));
    writer_put_zeros(&writer, payload);
    return writer.used;
}

static struct packet *add_bytes(struct lab *lab, const uint8_t *bytes, size_t size)
{
    struct packet *packet = &lab->batch.packets[lab->batch.count];
    *packet = (struct packet){.buffer = lab->buffers[lab->batch.count],
                              .capacity = BUFFER_SIZE,
                              .verdict = PACKET_VERDICT_COUNT};
    packet->data = packet->buffer + PACKET_HEADROOM;
    packet->size = size;
    if (size > 0) {
        memcpy(packet->data, bytes, size);
    }
    lab->batch.count++;
    return packet;
}

static struct packet *add_ipv4(struct lab *lab, const char *source, const char *destination)
{
    uint8_t bytes[BUFFER_SIZE] = {0};
    return add_bytes(lab, bytes, write_ipv4(bytes, source, destination, 40));
}

static struct packet *add_usual(struct lab *lab)
{
    return add_ipv4(lab, "203.0.113.2", "203.0.113.66");
}

// --- Through the tunnel --------------------------------------------------------------------

static void carries_packets_both_ways(void)
{
    struct lab *lab = open_lab();
    struct esp_sa_counters counters;
    uint8_t wanted[BUFFER_SIZE];
    const size_t size = write_ipv4(wanted, "203.0.113.2", "203.0.113.66", 40);
    ok(install_both(lab, &simple), "an SA on both sides");

    struct packet *packet = add_usual(lab);
    esp_gateway_seal(lab->west, &lab->batch);
    ok(packet->verdict == PACKET_PASSED && packet->child_sa_id == 1, "west seals");
    ok(packet->data[2] == 0x20 && packet->data[3] == 0x01 && packet->data[7] == 1,
       "east's SPI and number 1 stand in front");
    const struct ip_endpoint remote = {address("198.51.100.1"), 4500};
    ok(!packet->is_udp_encapsulated && endpoint_equals(&packet->path.remote, &remote),
       "west sends to east, not in UDP");
    esp_gateway_open(lab->east, &lab->batch);
    ok(packet->verdict == PACKET_PASSED && packet->child_sa_id == 1, "east opens");
    is_bytes(packet->data, packet->size, wanted, size, "the packet is the same");

    lab->batch.count = 0;
    packet = add_ipv4(lab, "203.0.113.66", "203.0.113.2");
    esp_gateway_seal(lab->east, &lab->batch);
    ok(packet->verdict == PACKET_PASSED && packet->is_udp_encapsulated, "east seals, for UDP");
    esp_gateway_open(lab->west, &lab->batch);
    ok(packet->verdict == PACKET_PASSED, "west opens");

    ok(esp_gateway_counters(lab->west, 1, &counters) && counters.packets_out == 1 &&
           counters.bytes_out == size && counters.packets_in == 1 && counters.bytes_in == size &&
           counters.sequence_out == 1 && counters.sequence_in == 1,
       "west counts inner packets and bytes");
    ok(!esp_gateway_counters(lab->west, 99, &counters), "an SA that is not there has no counters");
    close_lab(lab);
}

static void carries_ipv6_and_pairs_and_extended_numbers(void)
{
    static const struct child_intent six = {.id = 3,
                                            .aead = &cbc,
                                            .local = "2001:db8:1::/64",
                                            .remote = "2001:db8:2::/64",
                                            .has_esn = true,
                                            .replay_window = 4096};
    struct lab *lab = open_lab();
    uint8_t wanted[BUFFER_SIZE];
    ok(install_both(lab, &six), "an SA for IPv6");
    bool same = true;
    for (size_t payload = 0; payload < 300; payload += 7) {
        const size_t size = write_ipv6(wanted, "2001:db8:1::2", "2001:db8:2::2", payload);
        lab->batch.count = 0;
        const struct packet *packet = add_bytes(lab, wanted, size);
        esp_gateway_seal(lab->west, &lab->batch);
        esp_gateway_open(lab->east, &lab->batch);
        same = same && packet->verdict == PACKET_PASSED && packet->size == size &&
               memcmp(packet->data, wanted, size) == 0;
    }
    ok(same, "IPv6 packets of all sizes come through");
    close_lab(lab);
}

static void seals_a_whole_batch_with_mixed_fates(void)
{
    struct lab *lab = open_lab();
    const struct selector_set local = one("203.0.113.0/25");
    const struct selector_set remote = one("203.0.113.128/25");
    static const enum packet_verdict wanted[] = {PACKET_PASSED,    PACKET_NO_POLICY, PACKET_NO_SA,
                                                 PACKET_MALFORMED, PACKET_MALFORMED, PACKET_PASSED};
    ok(install_both(lab, &simple) &&
           esp_gateway_add_policy(lab->west, "tunnel", "other", &local, &remote),
       "an SA, and a policy without one");
    add_usual(lab);
    add_ipv4(lab, "203.0.113.2", "192.0.2.99");
    add_ipv4(lab, "203.0.113.2", "203.0.113.130");
    add_bytes(lab, (const uint8_t *)"no packet", 9);
    add_bytes(lab, NULL, 0);
    add_usual(lab);
    esp_gateway_seal(lab->west, &lab->batch);
    for (size_t i = 0; i < 6; i++) {
        const struct packet *packet = &lab->batch.packets[i];
        ok(packet->verdict == wanted[i] && packet->child_sa_id == (wanted[i] == PACKET_PASSED),
           "packet %zu: %s", i, packet_verdict_name(packet->verdict));
    }
    ok(esp_gateway_verdicts(lab->west, false, PACKET_PASSED) == 2 &&
           esp_gateway_verdicts(lab->west, false, PACKET_MALFORMED) == 2 &&
           esp_gateway_verdicts(lab->west, false, PACKET_NO_SA) == 1 &&
           esp_gateway_verdicts(lab->west, false, PACKET_NO_POLICY) == 1 &&
           esp_gateway_verdicts(lab->west, true, PACKET_PASSED) == 0 &&
           esp_gateway_verdicts(lab->west, true, PACKET_VERDICT_COUNT) == 0,
       "verdicts are counted, by direction");
    close_lab(lab);
}

static void a_full_batch_comes_through(void)
{
    struct lab *lab = open_lab();
    ok(install_both(lab, &simple), "an SA on both sides");
    for (size_t i = 0; i < BATCH_MOST_PACKETS; i++) {
        add_usual(lab);
    }
    esp_gateway_seal(lab->west, &lab->batch);
    esp_gateway_open(lab->east, &lab->batch);
    ok(esp_gateway_verdicts(lab->east, true, PACKET_PASSED) == BATCH_MOST_PACKETS,
       "64 packets of 64");
    close_lab(lab);
}

// --- Inbound verdicts ----------------------------------------------------------------------

static enum packet_verdict open_alone(struct lab *lab, const uint8_t *bytes, size_t size)
{
    lab->batch.count = 0;
    const struct packet *packet = add_bytes(lab, bytes, size);
    esp_gateway_open(lab->east, &lab->batch);
    if (packet->verdict != PACKET_PASSED &&
        (packet->size != size || packet->data != packet->buffer + PACKET_HEADROOM)) {
        ok(false, "a packet that does not pass keeps its place");
    }
    return packet->verdict;
}

static void opens_with_a_verdict_for_everything(void)
{
    struct lab *lab = open_lab();
    struct esp_sa_counters counters;
    uint8_t sealed[BUFFER_SIZE];
    ok(install_both(lab, &simple), "an SA on both sides");
    const struct packet *packet = add_usual(lab);
    esp_gateway_seal(lab->west, &lab->batch);
    const size_t size = packet->size;
    memcpy(sealed, packet->data, size);

    ok(open_alone(lab, sealed, 0) == PACKET_MALFORMED, "nothing is malformed");
    ok(open_alone(lab, sealed, 3) == PACKET_MALFORMED, "half an SPI is malformed");
    ok(open_alone(lab, sealed, 8) == PACKET_MALFORMED, "a header alone is malformed");
    ok(open_alone(lab, sealed, size - 1) == PACKET_MALFORMED, "a byte less is malformed");
    ok(open_alone(lab, sealed, size - 4) == PACKET_NOT_AUTHENTIC, "a word less is not authentic");
    sealed[20] ^= 1;
    ok(open_alone(lab, sealed, size) == PACKET_NOT_AUTHENTIC, "a flipped bit is not authentic");
    ok(lab->batch.packets[0].child_sa_id == 1, "but belongs to the SA");
    sealed[20] ^= 1;
    sealed[3] ^= 0x40;
    ok(open_alone(lab, sealed, size) == PACKET_NO_SA && lab->batch.packets[0].child_sa_id == 0,
       "another SPI has no SA");
    sealed[3] ^= 0x40;
    ok(open_alone(lab, sealed, size) == PACKET_PASSED, "the packet itself passes");
    ok(open_alone(lab, sealed, size) == PACKET_REPLAYED, "once");
    ok(esp_gateway_counters(lab->east, 1, &counters) && counters.replayed == 1 &&
           counters.not_authentic == 2 && counters.packets_in == 1,
       "replays and forgeries are counted");
    close_lab(lab);
}

// Seals with west's keys whatever the test wants inside.
static size_t seal_by_hand(const struct child_intent *intent, uint64_t sequence,
                           uint8_t next_header, struct byte_view inner, uint8_t *out)
{
    struct child_sa sa;
    struct outbound_sa outbound;
    uint8_t buffer[BUFFER_SIZE];
    make_child(intent, false, &sa);
    if (!outbound_sa_init(&outbound, openssl_provider(), &sa.aead,
                          secret_view(&sa.outbound_encryption_key),
                          secret_view(&sa.outbound_integrity_key))) {
        abort();
    }
    outbound.spi = sa.outbound_spi;
    outbound_sequence_init(&outbound.sequence, sa.has_esn);
    outbound.sequence.last = sequence - 1;
    struct packet packet = {.buffer = buffer,
                            .capacity = sizeof(buffer),
                            .data = buffer + PACKET_HEADROOM,
                            .size = inner.size};
    if (inner.size > 0) {
        memcpy(packet.data, inner.data, inner.size);
    }
    if (esp_seal(&outbound, next_header, &packet) != PACKET_PASSED) {
        abort();
    }
    memcpy(out, packet.data, packet.size);
    outbound_sa_clear(&outbound);
    child_sa_clear(&sa);
    return packet.size;
}

static void looks_at_what_is_inside(void)
{
    struct inside_row {
        const char *what;
        const char *source;
        const char *destination;
        size_t more; // bytes behind the packet: TFC padding
        uint8_t next_header;
        enum packet_verdict verdict;
    };
    static const struct inside_row rows[] = {
        {"as negotiated",              "203.0.113.2",  "203.0.113.66", 0,   4,  PACKET_PASSED           },
        {"with TFC padding",           "203.0.113.2",  "203.0.113.66", 500, 4,  PACKET_PASSED           },
        {"from outside the selectors", "192.0.2.77",   "203.0.113.66", 0,   4,
         PACKET_SELECTOR_MISMATCH                                                                       },
        {"to outside the selectors",   "203.0.113.2",  "192.0.2.77",   0,   4,  PACKET_SELECTOR_MISMATCH},
        {"turned round",               "203.0.113.66", "203.0.113.2",  0,   4,  PACKET_SELECTOR_MISMATCH},
        {"IPv4 announced as IPv6",     "203.0.113.2",  "203.0.113.66", 0,   41, PACKET_MALFORMED        },
        {"IPv4 announced as UDP",      "203.0.113.2",  "203.0.113.66", 0,   17, PACKET_MALFORMED        },
        {"a dummy",                    "203.0.113.2",  "203.0.113.66", 0,   59, PACKET_DUMMY            },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab *lab = open_lab();
        uint8_t inner[BUFFER_SIZE] = {0};
        uint8_t sealed[BUFFER_SIZE];
        const size_t inner_size = write_ipv4(inner, rows[i].source, rows[i].destination, 40);
        const size_t size =
            seal_by_hand(&simple, 1, rows[i].next_header,
                         (struct byte_view){inner, inner_size + rows[i].more}, sealed);
        const bool installed = install_both(lab, &simple);
        const enum packet_verdict verdict = open_alone(lab, sealed, size);
        ok(installed && verdict == rows[i].verdict, "%s: %s", rows[i].what,
           packet_verdict_name(verdict));
        if (rows[i].verdict == PACKET_PASSED) {
            is_bytes(lab->batch.packets[0].data, lab->batch.packets[0].size, inner, inner_size,
                     "%s: the inner packet alone", rows[i].what);
        }
        close_lab(lab);
    }
}

static void rejects_inner_packets_that_lie_about_their_size(void)
{
    struct lab *lab = open_lab();
    uint8_t inner[BUFFER_SIZE];
    uint8_t sealed[BUFFER_SIZE];
    const size_t inner_size = write_ipv4(inner, "203.0.113.2", "203.0.113.66", 40);
    ok(install_both(lab, &simple), "an SA on both sides");
    size_t size = seal_by_hand(&simple, 1, 4, (struct byte_view){inner, inner_size - 1}, sealed);
    ok(open_alone(lab, sealed, size) == PACKET_MALFORMED, "shorter than it says");
    size = seal_by_hand(&simple, 2, 4, (struct byte_view){NULL, 0}, sealed);
    ok(open_alone(lab, sealed, size) == PACKET_MALFORMED, "nothing at all");
    size = seal_by_hand(&simple, 3, 59, (struct byte_view){NULL, 0}, sealed);
    ok(open_alone(lab, sealed, size) == PACKET_DUMMY, "a dummy of nothing");
    size = seal_by_hand(&simple, 2, 4, (struct byte_view){inner, inner_size}, sealed);
    ok(open_alone(lab, sealed, size) == PACKET_REPLAYED,
       "the number of a packet that was thrown away is used up");
    close_lab(lab);
}

static void keeps_the_replay_window_of_the_sa(void)
{
    static const struct child_intent unchecked = {.id = 1,
                                                  .aead = &gcm,
                                                  .local = "203.0.113.0/26",
                                                  .remote = "203.0.113.64/26",
                                                  .replay_window = 0};
    uint8_t inner[BUFFER_SIZE];
    uint8_t sealed[BUFFER_SIZE];
    const struct byte_view view = {inner, write_ipv4(inner, "203.0.113.2", "203.0.113.66", 4)};
    struct lab *lab = open_lab();
    ok(install_both(lab, &simple), "an SA with a window of 64");
    ok(open_alone(lab, sealed, seal_by_hand(&simple, 1000, 4, view, sealed)) == PACKET_PASSED,
       "1000 passes");
    ok(open_alone(lab, sealed, seal_by_hand(&simple, 937, 4, view, sealed)) == PACKET_PASSED,
       "937 passes");
    ok(open_alone(lab, sealed, seal_by_hand(&simple, 936, 4, view, sealed)) == PACKET_REPLAYED,
       "936 does not");
    close_lab(lab);
    lab = open_lab();
    ok(install_both(lab, &unchecked), "an SA without a window");
    ok(open_alone(lab, sealed, seal_by_hand(&unchecked, 1000, 4, view, sealed)) == PACKET_PASSED &&
           open_alone(lab, sealed, seal_by_hand(&unchecked, 1, 4, view, sealed)) == PACKET_PASSED &&
           open_alone(lab, sealed, seal_by_hand(&unchecked, 1, 4, view, sealed)) == PACKET_PASSED,
       "lets replays pass");
    close_lab(lab);
}

// --- Management ----------------------------------------------------------------------------

static uint32_t sealed_by(struct lab *lab, const char *source, const char *destination)
{
    lab->batch.count = 0;
    const struct packet *packet = add_ipv4(lab, source, destination);
    esp_gateway_seal(lab->west, &lab->batch);
    return packet->verdict == PACKET_PASSED ? packet->child_sa_id : 0;
}

static void a_newer_sa_takes_over_and_the_older_still_opens(void)
{
    struct lab *lab = open_lab();
    struct child_intent newer = simple;
    newer.id = 2;
    newer.aead = &cbc;
    ok(install_both(lab, &simple), "the first SA");
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 1, "it seals");
    const struct packet in_flight = lab->batch.packets[0];
    uint8_t kept[BUFFER_SIZE];
    memcpy(kept, in_flight.data, in_flight.size);
    ok(install_both(lab, &newer), "the second SA");
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 2, "the newer one seals now");
    ok(open_alone(lab, kept, in_flight.size) == PACKET_PASSED, "the older one still opens");
    esp_gateway_remove(lab->west, 2);
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 1, "without the newer one the older seals");
    esp_gateway_remove(lab->west, 1);
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 0 &&
           lab->batch.packets[0].verdict == PACKET_NO_POLICY,
       "without any there is nothing to decide");
    esp_gateway_remove(lab->east, 1);
    ok(open_alone(lab, kept, in_flight.size) == PACKET_NO_SA, "what was removed does not open");
    esp_gateway_remove(lab->west, 77);
    close_lab(lab);
}

static void policies_decide_in_their_order(void)
{
    struct lab *lab = open_lab();
    struct child_intent wide = simple;
    const struct selector_set local = one("203.0.113.0/26");
    const struct selector_set narrow = one("203.0.113.64/28");
    const struct selector_set all = one("0.0.0.0/0");
    struct child_sa sa;
    wide.id = 2;
    wide.remote = "0.0.0.0/0";
    ok(esp_gateway_add_policy(lab->west, "tunnel", "narrow", &local, &narrow) &&
           esp_gateway_add_policy(lab->west, "tunnel", "net", &local, &all),
       "a narrow policy before a wide one");
    ok(install_on(lab->west, &wide, false), "an SA for the wide one");
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.100") == 2, "it carries what only it matches");
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 0 &&
           lab->batch.packets[0].verdict == PACKET_NO_SA,
       "it does not carry what the narrow policy is for");
    make_child(&simple, false, &sa);
    (void)snprintf(sa.child, sizeof(sa.child), "narrow");
    sa.remote_selectors = narrow;
    ok(esp_gateway_install(lab->west, &sa), "an SA for the narrow one");
    child_sa_clear(&sa);
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 1, "which carries it then");
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.100") == 2, "and nothing else");

    const struct selector_set nothing = one("192.0.2.99");
    ok(esp_gateway_add_policy(lab->west, "tunnel", "narrow", &local, &nothing) &&
           sealed_by(lab, "203.0.113.2", "203.0.113.66") == 2,
       "a policy of the same name replaces the first");
    char long_name[SA_NAME_SIZE + 1];
    memset(long_name, 'x', sizeof(long_name));
    long_name[SA_NAME_SIZE] = '\0';
    ok(!esp_gateway_add_policy(lab->west, long_name, "net", &local, &all),
       "a name that is too long is refused");
    close_lab(lab);
}

static void moves_to_another_path(void)
{
    struct lab *lab = open_lab();
    const struct network_path path = {
        {address("2001:db8:a::1"), 500 },
        {address("2001:db8:b::1"), 4501}
    };
    ok(install_both(lab, &simple), "an SA on both sides");
    esp_gateway_move(lab->west, 1, &path);
    esp_gateway_move(lab->west, 99, &path);
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 1 &&
           endpoint_equals(&lab->batch.packets[0].path.remote, &path.remote) &&
           endpoint_equals(&lab->batch.packets[0].path.local, &path.local),
       "packets take the new path");
    close_lab(lab);
}

static void refuses_what_it_cannot_install(void)
{
    struct lab *lab = open_lab();
    struct child_sa sa;
    ok(install_on(lab->west, &simple, false), "an SA is installed");
    ok(!install_on(lab->west, &simple, false), "the same id is refused");
    make_child(&simple, false, &sa);
    sa.id = 2;
    ok(!esp_gateway_install(lab->west, &sa), "an inbound SPI that is taken is refused");
    sa.inbound_spi = 255;
    ok(!esp_gateway_install(lab->west, &sa), "a reserved inbound SPI is refused");
    sa.inbound_spi = 0x4000;
    sa.outbound_spi = 0;
    ok(!esp_gateway_install(lab->west, &sa), "an outbound SPI of 0 is refused");
    sa.outbound_spi = 0x4000;
    sa.mode = CHILD_SA_TRANSPORT;
    ok(!esp_gateway_install(lab->west, &sa), "transport mode is refused");
    sa.mode = CHILD_SA_TUNNEL;
    sa.replay_window = 65537;
    ok(!esp_gateway_install(lab->west, &sa), "a window of 65537 is refused");
    sa.replay_window = 65536;
    sa.aead.encryption = ENCR_3DES;
    ok(!esp_gateway_install(lab->west, &sa), "3DES is refused");
    sa.aead.encryption = ENCR_AES_GCM_16;
    sa.aead.key_bits = 256;
    ok(!esp_gateway_install(lab->west, &sa), "a key that is too short is refused");
    sa.aead.key_bits = 128;
    ok(esp_gateway_install(lab->west, &sa), "what is right is installed");
    child_sa_clear(&sa);
    ok(sealed_by(lab, "203.0.113.2", "203.0.113.66") == 2, "and lives without the original");
    close_lab(lab);
    esp_gateway_free(NULL);
}

static void stops_before_the_numbers_cycle(void)
{
    struct lab *lab = open_lab();
    ok(install_both(lab, &simple), "an SA on both sides");
    ok(!esp_gateway_skip_sequence(lab->west, 1, (uint64_t)UINT32_MAX + 1) &&
           !esp_gateway_skip_sequence(lab->west, 99, 5),
       "the counter cannot skip out of its range");
    ok(esp_gateway_skip_sequence(lab->west, 1, UINT32_MAX - 1) &&
           !esp_gateway_skip_sequence(lab->west, 1, 5),
       "it skips forward, never back");
    add_usual(lab);
    add_usual(lab);
    esp_gateway_seal(lab->west, &lab->batch);
    ok(lab->batch.packets[0].verdict == PACKET_PASSED, "the last number is sent");
    ok(lab->batch.packets[1].verdict == PACKET_SEQUENCE_EXHAUSTED &&
           lab->batch.packets[1].child_sa_id == 1,
       "then the SA is used up, and says which it is");
    lab->batch.count = 1;
    esp_gateway_open(lab->east, &lab->batch);
    ok(lab->batch.packets[0].verdict == PACKET_PASSED, "the last number is received");

    uint8_t inner[BUFFER_SIZE];
    uint8_t sealed[BUFFER_SIZE];
    const struct byte_view view = {inner, write_ipv4(inner, "203.0.113.2", "203.0.113.66", 4)};
    ok(open_alone(lab, sealed, seal_by_hand(&simple, 1, 4, view, sealed)) == PACKET_REPLAYED,
       "a cycle is a replay");
    close_lab(lab);
}

static void holds_many_sas(void)
{
    struct lab *lab = open_lab();
    bool all = true;
    for (uint32_t id = 1; id <= 300; id++) {
        struct child_intent intent = simple;
        char remote[ADDRESS_TEXT_SIZE];
        (void)snprintf(remote, sizeof(remote), "198.51.100.%u", id % 250);
        intent.id = id;
        intent.remote = remote;
        all = all && install_both(lab, &intent);
    }
    ok(all, "300 SAs are installed");
    for (uint32_t id = 51; id <= 300; id += 10) {
        char remote[ADDRESS_TEXT_SIZE];
        (void)snprintf(remote, sizeof(remote), "198.51.100.%u", id % 250);
        all = all && sealed_by(lab, "203.0.113.2", remote) == id;
        esp_gateway_open(lab->east, &lab->batch);
        all = all && lab->batch.packets[0].verdict == PACKET_PASSED &&
              lab->batch.packets[0].child_sa_id == id;
    }
    ok(all, "each packet finds its own");
    close_lab(lab);
}

static void every_verdict_has_a_name(void)
{
    bool all = true;
    for (unsigned i = 0; i < PACKET_VERDICT_COUNT; i++) {
        const char *name = packet_verdict_name((enum packet_verdict)i);
        all = all && strcmp(name, "unknown") != 0;
        for (unsigned k = 0; k < i; k++) {
            all = all && strcmp(name, packet_verdict_name((enum packet_verdict)k)) != 0;
        }
    }
    ok(all && strcmp(packet_verdict_name(PACKET_NO_SA), "no-sa") == 0,
       "every verdict has a name of its own");
    ok(strcmp(packet_verdict_name(PACKET_VERDICT_COUNT), "unknown") == 0, "the count has none");
}

int main(void)
{
    carries_packets_both_ways();
    carries_ipv6_and_pairs_and_extended_numbers();
    seals_a_whole_batch_with_mixed_fates();
    a_full_batch_comes_through();
    opens_with_a_verdict_for_everything();
    looks_at_what_is_inside();
    rejects_inner_packets_that_lie_about_their_size();
    keeps_the_replay_window_of_the_sa();
    a_newer_sa_takes_over_and_the_older_still_opens();
    policies_decide_in_their_order();
    moves_to_another_path();
    refuses_what_it_cannot_install();
    stops_before_the_numbers_cycle();
    holds_many_sas();
    every_verdict_has_a_name();
    return done_testing();
}
