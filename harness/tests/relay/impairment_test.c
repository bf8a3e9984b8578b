#include "harness/relay/impairment.h"

#include "harness/tap/tap.h"
#include "harness/tests/relay/sample_packets.h"

#include <stdlib.h>

enum { WEST = true, EAST = false, INIT = 34, AUTH = 35, CHILD = 36, INFO = 37 };

static struct impairment *impairment_of(const char *text)
{
    struct impairment_rules rules;
    struct block_fault fault;
    const struct byte_view view = {.data = (const uint8_t *)text, .size = strlen(text)};
    if (!impairment_rules_parse(view, &rules, &fault)) {
        note("%s", fault.message);
        return NULL;
    }
    return impairment_new(&rules, 1);
}

static struct impairment_decision decide(struct impairment *impairment,
                                         const struct sample_packet *packet, bool from_west)
{
    struct packet_sight sight;
    struct impairment_decision decision = {0};
    if (packet_look(sample_view(packet), &sight)) {
        impairment_decide(impairment, &sight, from_west, 1, &decision);
    }
    return decision;
}

static bool drops_ike(struct impairment *impairment, struct sample_ike ike, bool from_west)
{
    const struct sample_packet packet = sample_ike(&ike);
    return decide(impairment, &packet, from_west).drop;
}

// How many of some transmissions of one message are dropped.
static int count_dropped(struct impairment *impairment, struct sample_ike ike, int transmissions)
{
    int dropped = 0;
    for (int i = 0; i < transmissions; i++) {
        dropped += drops_ike(impairment, ike, WEST);
    }
    return dropped;
}

// Which of some ESP packets are dropped, as "x" among ".".
static void decide_row(struct impairment *impairment, size_t count, char out_row[8])
{
    const struct sample_packet packet = sample_esp(1);
    for (size_t i = 0; i < count; i++) {
        out_row[i] = decide(impairment, &packet, WEST).drop ? 'x' : '.';
    }
    out_row[count] = '\0';
}

static uint64_t hits(const struct impairment *impairment, size_t index)
{
    return impairment_count_at(impairment, index).hits;
}

static void drops_the_first_transmission_of_one_message(void)
{
    const struct sample_ike auth = {
        .spi = 1, .exchange = AUTH, .from_initiator = true, .message_id = 1};
    struct sample_ike response = auth;
    response.is_response = true;
    struct sample_ike next = auth;
    next.message_id = 2;
    struct impairment *impairment =
        impairment_of("rule 22 { wan ike drop 1st IKE_AUTH.req from west }");
    ok(!drops_ike(impairment, response, EAST) && !drops_ike(impairment, auth, EAST),
       "neither the response nor a request from the other side");
    ok(drops_ike(impairment, auth, WEST), "the request");
    ok(!drops_ike(impairment, auth, WEST), "its retransmission passes");
    ok(!drops_ike(impairment, next, WEST), "so does the next message");
    ok(hits(impairment, 0) == 1, "one hit");
    impairment_free(impairment);
}

static void counts_messages_not_transmissions(void)
{
    const struct sample_ike first = {.spi = 1, .exchange = CHILD, .message_id = 2};
    struct sample_ike second = first;
    second.message_id = 3;
    struct impairment *impairment =
        impairment_of("rule 1 { wan ike drop 2nd CREATE_CHILD_SA.req times 2 }");
    ok(count_dropped(impairment, first, 2) == 0, "the first one passes, also when it comes again");
    ok(count_dropped(impairment, second, 3) == 2 && !drops_ike(impairment, second, WEST),
       "the second one is dropped twice");
    ok(!drops_ike(impairment, first, WEST), "a late copy of the first is still the first");
    impairment_free(impairment);
}

static void tells_messages_apart(void)
{
    const struct sample_ike base = {.spi = 1, .exchange = INFO, .message_id = 5};
    struct sample_ike other_sa = base;
    other_sa.spi = 2;
    struct impairment *impairment = impairment_of("rule 1 { wan ike drop 3rd any }");
    ok(!drops_ike(impairment, base, WEST) && !drops_ike(impairment, base, EAST) &&
           drops_ike(impairment, other_sa, WEST),
       "by side and by SPI");
    impairment_free(impairment);
}

static void a_repeated_init_with_a_cookie_is_another_message(void)
{
    struct sample_ike init = {.spi = 1, .exchange = INIT, .from_initiator = true, .filling = 1};
    struct impairment *impairment = impairment_of("rule 1 { wan ike drop 2nd IKE_SA_INIT.req }");
    ok(count_dropped(impairment, init, 2) == 0, "the first request and its retransmission");
    init.filling = 2;
    ok(drops_ike(impairment, init, WEST), "the request with the cookie is the second");
    impairment_free(impairment);
}

static void a_message_in_fragments_is_one(void)
{
    struct sample_ike fragment = {.spi = 1, .exchange = AUTH, .message_id = 1};
    struct impairment *impairment = impairment_of("rule 1 { wan ike drop 1st IKE_AUTH.req }");
    bool all = true;
    for (uint16_t number = 1; number <= 3; number++) {
        fragment.fragment = number;
        all = drops_ike(impairment, fragment, WEST) && all;
    }
    ok(all, "all fragments of the first transmission are dropped");
    bool any = false;
    for (uint16_t number = 1; number <= 3; number++) {
        fragment.fragment = number;
        any = drops_ike(impairment, fragment, WEST) || any;
    }
    ok(!any, "those of the second pass");
    impairment_free(impairment);
}

static void every_means_every(void)
{
    const struct sample_ike response = {
        .spi = 1, .exchange = INFO, .is_response = true, .message_id = 1};
    struct impairment *impairment =
        impairment_of("rule 1 { wan ike drop every INFORMATIONAL.rsp to east }");
    bool all = true;
    for (int i = 0; i < 10; i++) {
        all = drops_ike(impairment, response, WEST) && all;
    }
    ok(all && hits(impairment, 0) == 10, "ten transmissions, ten hits");
    ok(!drops_ike(impairment, response, EAST), "not those to west");
    impairment_free(impairment);
}

static void sees_messages_behind_nat(void)
{
    const struct sample_ike auth = {.spi = 1, .exchange = AUTH, .message_id = 1};
    const struct sample_packet packet = sample_ike_over_nat(&auth);
    struct impairment *impairment = impairment_of("rule 1 { wan ike drop 1st IKE_AUTH.req }");
    ok(decide(impairment, &packet, WEST).drop, "on port 4500 too");
    impairment_free(impairment);
}

static void actions_add_up_until_one_drops(void)
{
    const struct sample_ike auth = {.spi = 1, .exchange = AUTH, .message_id = 1};
    const struct sample_packet packet = sample_ike(&auth);
    struct impairment *impairment = impairment_of("rule 1 { wan delay 20ms }\n"
                                                  "rule 2 { wan ike duplicate 1st any }\n"
                                                  "rule 3 { wan ike delay 30ms 1st any }\n"
                                                  "rule 4 { wan ike drop 1st any times all }\n"
                                                  "rule 5 { wan ike corrupt every any }\n");
    const struct impairment_decision decision = decide(impairment, &packet, WEST);
    ok(decision.drop && decision.copies == 1 && decision.delay_us == 50000 && !decision.corrupt,
       "delays are added; behind a drop nothing acts");
    ok(strcmp(decision.comment, "rule 1: delay 20ms; rule 2: duplicate 1st any; rule 3: delay 30ms "
                                "1st any; rule 4: drop 1st any times all") == 0,
       "the comment names them: %s", decision.comment);
    ok(hits(impairment, 3) == 1 && hits(impairment, 4) == 0, "and hits are counted so");
    impairment_free(impairment);
}

static size_t count_lost(const char *rule, size_t packets)
{
    const struct sample_packet packet = sample_esp(1);
    struct impairment *impairment = impairment_of(rule);
    size_t lost = 0;
    for (size_t i = 0; i < packets; i++) {
        lost += decide(impairment, &packet, i % 2 == 0).drop;
    }
    impairment_free(impairment);
    return lost;
}

static void loss_is_statistical_and_repeats(void)
{
    const size_t lost = count_lost("rule 1 { wan esp loss 5% seed 9 }", 20000);
    ok(lost > 850 && lost < 1150, "about 5 %% of 20000: %zu", lost);
    ok(count_lost("rule 1 { wan esp loss 5% seed 9 }", 20000) == lost, "the same seed, the same");
    ok(count_lost("rule 1 { wan esp loss 5% seed 10 }", 20000) != lost, "another seed, another");
    ok(count_lost("rule 1 { wan esp loss 0% }", 1000) == 0 &&
           count_lost("rule 1 { wan esp loss 100% }", 1000) == 1000,
       "0 and 100 %% are exact");
    ok(count_lost("rule 1 { wan esp drop 3rd from west times 2 }", 100) == 2, "so are ordinals");
}

static void phases_switch_rules(void)
{
    char row[8];
    struct impairment *impairment = impairment_of("rule 1 { wan esp drop 2nd during rekey }");
    decide_row(impairment, 3, row);
    ok(strcmp(row, "...") == 0, "nothing before the phase");
    impairment_phase(impairment, "other", true);
    decide_row(impairment, 3, row);
    ok(strcmp(row, "...") == 0, "nor in another one");
    impairment_phase(impairment, "rekey", true);
    decide_row(impairment, 3, row);
    ok(strcmp(row, ".x.") == 0, "in it, counting starts");
    impairment_phase(impairment, "rekey", true);
    decide_row(impairment, 3, row);
    ok(strcmp(row, ".x.") == 0, "and starts anew when it begins again");
    impairment_phase(impairment, "rekey", false);
    decide_row(impairment, 3, row);
    ok(strcmp(row, "...") == 0 && hits(impairment, 0) == 2, "until it ends");
    impairment_free(impairment);
}

static bool has_right_checksum(const struct sample_packet *packet)
{
    return sample_udp_checksum((struct byte_view){packet->bytes + 12, 4},
                               (struct byte_view){packet->bytes + 16, 4},
                               (struct byte_view){packet->bytes + 20, packet->size - 20}) == 0;
}

static void corruption_flips_one_bit_and_mends_the_checksum(void)
{
    static const uint8_t payload[41] = {1, 2, 3};
    for (size_t size = sizeof(payload) - 1; size <= sizeof(payload); size++) {
        struct packet_sight sight;
        const struct sample_packet before = sample_udp(500, 500, (struct byte_view){payload, size});
        struct sample_packet after = before;
        ok(has_right_checksum(&before) && packet_look(sample_view(&after), &sight), "a datagram");
        impairment_corrupt(&sight, after.bytes);
        ok(after.bytes[after.size - 1] == (before.bytes[before.size - 1] ^ 1) &&
               memcmp(after.bytes, before.bytes, 26) == 0 &&
               memcmp(after.bytes + 28, before.bytes + 28, before.size - 29) == 0,
           "of %zu bytes: only its last bit and the checksum change", size);
        ok(has_right_checksum(&after), "and the checksum is right");
    }
}

static void a_missing_checksum_stays_missing(void)
{
    static const uint8_t payload[8] = {1};
    struct packet_sight sight;
    struct sample_packet packet = sample_udp(4500, 4500, VIEW_OF(payload));
    packet.bytes[26] = 0;
    packet.bytes[27] = 0;
    ok(packet_look(sample_view(&packet), &sight), "a datagram without checksum");
    impairment_corrupt(&sight, packet.bytes);
    ok(packet.bytes[26] == 0 && packet.bytes[27] == 0 && packet.bytes[packet.size - 1] == 1,
       "gets none");
}

int main(void)
{
    drops_the_first_transmission_of_one_message();
    counts_messages_not_transmissions();
    tells_messages_apart();
    a_repeated_init_with_a_cookie_is_another_message();
    a_message_in_fragments_is_one();
    every_means_every();
    sees_messages_behind_nat();
    actions_add_up_until_one_drops();
    loss_is_statistical_and_repeats();
    phases_switch_rules();
    corruption_flips_one_bit_and_mends_the_checksum();
    a_missing_checksum_stays_missing();
    return done_testing();
}
