// IKE messages in fragments (RFC 7383).
#include "harness/tap/tap.h"
#include "refgw/ike/engine_state.h"
#include "refgw/tests/crafted_message.h"

enum { SMALL = 150, AROUND = 28, MOST_PIECE = 1000 };

static struct ike_pair *small_pair(void)
{
    struct ike_pair *pair = ike_pair_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        pair->policies[host].fragmentation.ipv4_size = SMALL;
        pair->policies[host].fragmentation.ipv6_size = SMALL;
    }
    return pair;
}

static bool is_fragment_sent(const struct sent_datagram *sent)
{
    const struct message message = read_sent(sent);
    return message_is_fragment(&message);
}

struct census {
    size_t whole;
    size_t fragments;
    size_t largest; // of the fragments
};

static struct census count_sent(const struct ike_pair *pair, unsigned host)
{
    struct census census = {.whole = 0};
    const struct sent_datagram *sent = NULL;
    for (size_t i = 0; (sent = simulated_network_sent(&pair->network, host, i)) != NULL; i++) {
        if (!is_fragment_sent(sent)) {
            census.whole++;
            continue;
        }
        census.fragments++;
        census.largest = sent->size > census.largest ? sent->size : census.largest;
    }
    return census;
}

static void large_messages_travel_in_small_datagrams(const char *proposal, const char *esp)
{
    struct ike_pair *pair = small_pair();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        ike_pair_set_ike(pair, host, proposal);
        ike_pair_set_esp(pair, host, esp);
    }
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "%s: comes up", proposal);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const struct census census = count_sent(pair, host);
        ok(census.whole == 1 && census.fragments >= 2, "IKE_AUTH went in %zu fragments",
           census.fragments);
        ok(census.largest <= SMALL - AROUND && census.largest > SMALL - AROUND - 16,
           "the largest fills its datagram: %zu octets", census.largest);
    }
    const struct sent_datagram *first = simulated_network_sent(&pair->network, WEST, 0);
    ok(first->size > SMALL && !is_fragment_sent(first), "IKE_SA_INIT stays whole");
    ike_pair_free(pair);
}

static void ipv6_has_a_limit_of_its_own(void)
{
    struct ike_pair *pair = ike_pair_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct policy_connection *connection = ike_pair_connection(pair, host);
        pair->policies[host].fragmentation.ipv6_size = SMALL;
        ok(address_parse("2001:db8::1", &pair->network.addresses[WEST]) &&
               address_parse("2001:db8:1::1", &pair->network.addresses[EAST]),
           "addresses");
        connection->local_address = pair->network.addresses[host];
        connection->remote_address = pair->network.addresses[host == WEST ? EAST : WEST];
    }
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    const struct census census = count_sent(pair, WEST);
    ok(ike_pair_is_up(pair) && census.fragments > 2 && census.largest <= SMALL - 48,
       "over IPv6 the header of 40 octets counts");
    ike_pair_free(pair);
}

static void nobody_fragments_unless_both_announce_it(void)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct ike_pair *pair = small_pair();
        pair->policies[host].fragmentation.is_off = true;
        ike_pair_start(pair);
        ike_pair_bring_up(pair);
        const struct message request = read_sent(simulated_network_sent(&pair->network, WEST, 0));
        const struct message answer = read_sent(simulated_network_sent(&pair->network, EAST, 0));
        size_t announced = 0;
        for (size_t i = 0; i < 8; i++) {
            announced += notify_type_at(&request, i) == NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED;
            announced += notify_type_at(&answer, i) == NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED;
        }
        ok(announced == (host == WEST ? 0 : 1), "who is not for it does not announce it");
        ok(ike_pair_is_up(pair) && count_sent(pair, WEST).fragments == 0 &&
               count_sent(pair, EAST).fragments == 0,
           "everything travels whole");
        ike_pair_free(pair);
    }
}

static void any_single_fragment_may_get_lost(void)
{
    for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
        for (unsigned number = 2; number <= 4; number++) {
            struct ike_pair *pair = small_pair();
            struct dropping_node drop = {.sender = sender, .number = number};
            simulated_network_add_node(&pair->network, dropping_node_pass, &drop);
            ike_pair_start(pair);
            ike_pair_bring_up(pair);
            ok(ike_pair_is_up(pair) && drop.hits == 1,
               "fragment %u from %s lost: comes up all the same", number - 1,
               sender == WEST ? "west" : "east");
            const struct census census = count_sent(pair, WEST);
            ok(census.fragments % 2 == 0, "the request was repeated with all its fragments");
            ike_pair_free(pair);
        }
    }
}

static void doubled_and_disordered_fragments_do_no_harm(void)
{
    struct ike_pair *pair = small_pair();
    simulated_network_add_node(&pair->network, doubling_node_pass, NULL);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "doubled: comes up");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "integrity-failed") == 0,
       "a replay is discarded silently");
    ike_pair_free(pair);

    for (unsigned seed = 1; seed <= 20; seed++) {
        struct rough_node rough = {
            .state = seed, .lost_percent = 10, .doubled_percent = 20, .most_delay_ms = 300};
        pair = small_pair();
        simulated_network_add_node(&pair->network, rough_node_pass, &rough);
        ike_pair_start(pair);
        ike_pair_bring_up(pair);
        ike_pair_run(pair, 30);
        ok(ike_pair_is_up(pair), "lost, doubled, out of order with seed %u: comes up", seed);
        ike_pair_free(pair);
    }
}

static void a_lost_answer_is_repeated_once_for_all_fragments(void)
{
    struct ike_pair *pair = small_pair();
    struct wall_node wall = {.sender = EAST};
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    simulated_network_run(&pair->network, duration_milliseconds(25));
    wall.is_up = true;
    simulated_network_run(&pair->network, duration_milliseconds(100));
    const size_t once = count_sent(pair, EAST).fragments;
    wall.is_up = false;
    ike_pair_run(pair, 5);
    ok(ike_pair_is_up(pair), "comes up");
    ok(once >= 2 && count_sent(pair, EAST).fragments == 2 * once,
       "each fragment of the answer went out twice, not once for each of the request");
    ike_pair_free(pair);
}

// --- Fragments nobody honest would send -------------------------------------------------------

static struct ike_sa *sa_of(const struct ike_pair *pair, unsigned host)
{
    return pair->network.hosts[host].engine->table.first;
}

// A pair that is up, and the next request of west's in fragments of our making.
static struct ike_pair *quiet_pair(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "up");
    return pair;
}

static void inject_piece(struct ike_pair *pair, struct fragment_place place, size_t size,
                         uint8_t change)
{
    static const uint8_t ZEROS[MOST_PIECE];
    struct ike_sa *sa = sa_of(pair, WEST);
    const struct ike_header header = {
        .initiator_spi = sa->initiator_spi,
        .responder_spi = sa->responder_spi,
        .major_version = 2,
        .exchange_type = IKE_EXCHANGE_INFORMATIONAL,
        .flags = IKE_FLAG_INITIATOR,
        .message_id = sa->window.next_request_id,
    };
    const struct message_fragment fragment = {
        .place = place,
        .first_type = IKE_PAYLOAD_NONE,
        .piece = {.data = ZEROS, .size = size},
    };
    uint8_t bytes[MOST_PIECE + 100];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    struct byte_view message;
    if (!message_seal_fragment(&sa->outbound, &header, &fragment, sa->next_iv++, &out) ||
        !writer_finish(&out, &message)) {
        ok(false, "sealed");
        return;
    }
    bytes[message.size - 1] ^= change;
    const struct network_path path = path_of(pair, EAST);
    simulated_network_inject(&pair->network, EAST, &path, message);
}

static const struct fragment_assembly *assembly_of(const struct ike_pair *pair)
{
    return &sa_of(pair, EAST)->assemblies[0];
}

static void a_request_in_one_fragment_is_a_request(void)
{
    struct ike_pair *pair = quiet_pair();
    const unsigned before = pair->network.hosts[EAST].sent;
    inject_piece(pair, (struct fragment_place){1, 1}, 0, 0);
    ok(pair->network.hosts[EAST].sent == before + 1, "fragment 1 of 1 is answered");
    ike_pair_free(pair);
}

static void a_forged_fragment_changes_nothing(void)
{
    struct ike_pair *pair = quiet_pair();
    const unsigned before = pair->network.hosts[EAST].sent;
    inject_piece(pair, (struct fragment_place){1, 2}, 0, 1);
    ok(assembly_of(pair)->count == 0 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "integrity-failed") == 1,
       "a wrong ICV begins nothing");
    inject_piece(pair, (struct fragment_place){1, 2}, 0, 0);
    inject_piece(pair, (struct fragment_place){1, 9}, 0, 1);
    inject_piece(pair, (struct fragment_place){2, 2}, 0, 1);
    ok(assembly_of(pair)->count == 2 && assembly_of(pair)->received == 1,
       "nor does it end or restart what is under way");
    inject_piece(pair, (struct fragment_place){2, 2}, 0, 0);
    ok(pair->network.hosts[EAST].sent == before + 1, "the right ones are answered");
    ike_pair_free(pair);
}

static void a_larger_total_starts_over_and_a_smaller_one_is_old(void)
{
    struct ike_pair *pair = quiet_pair();
    const unsigned before = pair->network.hosts[EAST].sent;
    inject_piece(pair, (struct fragment_place){1, 2}, 0, 0);
    inject_piece(pair, (struct fragment_place){3, 3}, 0, 0);
    ok(assembly_of(pair)->count == 3 && assembly_of(pair)->received == 1,
       "what was stored under the smaller total is gone");
    inject_piece(pair, (struct fragment_place){2, 2}, 0, 0);
    ok(assembly_of(pair)->received == 1 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "fragment-count") == 1,
       "the smaller total does not come back");
    inject_piece(pair, (struct fragment_place){3, 3}, 0, 0);
    ok(assembly_of(pair)->received == 1, "nor does a fragment count twice");
    inject_piece(pair, (struct fragment_place){1, 3}, 0, 0);
    ok(pair->network.hosts[EAST].sent == before, "not before the last one is there");
    inject_piece(pair, (struct fragment_place){2, 3}, 0, 0);
    ok(pair->network.hosts[EAST].sent == before + 1, "then it is answered");
    inject_piece(pair, (struct fragment_place){2, 3}, 0, 0);
    ok(pair->network.hosts[EAST].sent == before + 1, "a late fragment brings no answer");
    inject_piece(pair, (struct fragment_place){1, 3}, 0, 0);
    ok(pair->network.hosts[EAST].sent == before + 2, "the first one does");
    ike_pair_free(pair);
}

static void what_is_stored_has_its_bounds(void)
{
    struct ike_pair *pair = quiet_pair();
    inject_piece(pair, (struct fragment_place){1, FRAGMENTS_MOST + 1}, 0, 0);
    inject_piece(pair, (struct fragment_place){1, UINT16_MAX}, 0, 0);
    ok(assembly_of(pair)->count == 0 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "too-many-fragments") == 2,
       "a message of too many fragments is not begun");
    inject_piece(pair, (struct fragment_place){2, 1}, 0, 0);
    inject_piece(pair, (struct fragment_place){0, 2}, 0, 0);
    ok(assembly_of(pair)->count == 0, "nor one with impossible numbers");
    for (uint16_t i = 1; i <= 40; i++) {
        inject_piece(pair, (struct fragment_place){i, 40}, MOST_PIECE, 0);
        if (assembly_of(pair)->size > FRAGMENTS_MOST_OCTETS) {
            ok(false, "too much is stored");
        }
    }
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "message-too-large") == 1,
       "a message of too many octets is dropped");
    ike_pair_run(pair, FRAGMENTS_PATIENCE_SECONDS + 1);
    ok(assembly_of(pair)->count == 0 && ike_pair_is_up(pair),
       "what is not completed in time is forgotten, the SA stays");
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""), "down");
    ike_pair_run(pair, 2);
    ok(ike_pair_is_down(pair), "and works as before");
    ike_pair_free(pair);
}

static void fragments_that_were_not_agreed_on_are_refused(void)
{
    struct ike_pair *pair = ike_pair_new();
    pair->policies[EAST].fragmentation.is_off = true;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    const unsigned before = pair->network.hosts[EAST].sent;
    inject_piece(pair, (struct fragment_place){1, 1}, 0, 0);
    ok(pair->network.hosts[EAST].sent == before &&
           ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "fragment-not-agreed") == 1,
       "no fragment for whom it was not agreed");
    ike_pair_free(pair);
}

static void a_malformed_whole_is_answered_as_if_it_had_come_whole(void)
{
    struct ike_pair *pair = quiet_pair();
    inject_piece(pair, (struct fragment_place){1, 2}, 1, 0);
    inject_piece(pair, (struct fragment_place){2, 2}, 1, 0);
    ok(ike_pair_count(pair, EAST, "established") == 0,
       "octets behind the last payload are INVALID_SYNTAX, which ends the SA");
    ike_pair_free(pair);
}

int main(void)
{
    large_messages_travel_in_small_datagrams("aes128gcm16-prfsha256-x25519", "aes128gcm16-noesn");
    large_messages_travel_in_small_datagrams("aes256-sha512-prfsha512-ecp384",
                                             "aes256-sha256-noesn");
    large_messages_travel_in_small_datagrams("chacha20poly1305-prfsha256-x25519",
                                             "chacha20poly1305-noesn");
    ipv6_has_a_limit_of_its_own();
    nobody_fragments_unless_both_announce_it();
    any_single_fragment_may_get_lost();
    doubled_and_disordered_fragments_do_no_harm();
    a_lost_answer_is_repeated_once_for_all_fragments();
    a_request_in_one_fragment_is_a_request();
    a_forged_fragment_changes_nothing();
    a_larger_total_starts_over_and_a_smaller_one_is_old();
    what_is_stored_has_its_bounds();
    fragments_that_were_not_agreed_on_are_refused();
    a_malformed_whole_is_answered_as_if_it_had_come_whole();
    return done_testing();
}
