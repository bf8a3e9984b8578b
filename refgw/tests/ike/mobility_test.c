// An IKE SA whose addresses change (MOBIKE, RFC 4555).
#include "harness/tap/tap.h"
#include "refgw/ike/engine_state.h"
#include "refgw/tests/chain_hook.h"
#include "refgw/tests/crafted_message.h"

#include <string.h>

static struct ip_address address_of(const char *text)
{
    struct ip_address address = {0};
    if (!address_parse(text, &address)) {
        ok(false, "address %s", text);
    }
    return address;
}

static struct ike_pair *mobile_pair(void)
{
    struct ike_pair *pair = ike_pair_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        ike_pair_connection(pair, host)->uses_mobike = true;
    }
    return pair;
}

static void give_second_address(struct ike_pair *pair, unsigned host, const char *text)
{
    pair->network.more_addresses[host] = address_of(text);
}

static void tell_addresses(struct ike_pair *pair, unsigned host, const char *first,
                           const char *second)
{
    struct ip_address list[2];
    size_t count = 0;
    const char *const texts[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        if (texts[i] != NULL) {
            list[count] = address_of(texts[i]);
            count++;
        }
    }
    ike_engine_note_addresses(pair->network.hosts[host].engine, pair->network.now, list, count);
    simulated_network_drain(&pair->network, host);
}

static bool roam(struct ike_pair *pair, unsigned host, const char *address)
{
    const struct ike_command command = {.kind = IKE_COMMAND_ROAM,
                                        .connection = "tunnel",
                                        .child = "",
                                        .address = address_of(address)};
    char problem[200];
    const bool is_taken = ike_engine_command(pair->network.hosts[host].engine, pair->network.now,
                                             &command, problem, sizeof(problem));
    simulated_network_drain(&pair->network, host);
    return is_taken;
}

static const struct network_path *esp_path(const struct ike_pair *pair, unsigned host)
{
    return &pair->network.hosts[host].children[0].path;
}

// Whether both ends use the path between these two addresses, for IKE and for ESP.
static bool is_between(const struct ike_pair *pair, const char *west, const char *east)
{
    const struct ip_address ends[] = {address_of(west), address_of(east)};
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const unsigned other = host == WEST ? EAST : WEST;
        struct ike_sa_status status;
        if (!ike_pair_status(pair, host, &status) ||
            !address_equals(&status.path.local.address, &ends[host]) ||
            !address_equals(&status.path.remote.address, &ends[other]) ||
            !path_equals(&status.path, esp_path(pair, host))) {
            return false;
        }
    }
    return true;
}

static struct ike_sa *sa_of(const struct ike_pair *pair, unsigned host)
{
    return pair->network.hosts[host].engine->table.first;
}

// --- Agreement ---------------------------------------------------------------------------------

static void both_ends_must_want_it(void)
{
    for (unsigned mask = 0; mask < 4; mask++) {
        struct ike_pair *pair = ike_pair_new();
        ike_pair_connection(pair, WEST)->uses_mobike = (mask & 1) != 0;
        ike_pair_connection(pair, EAST)->uses_mobike = (mask & 2) != 0;
        ike_pair_start(pair);
        ike_pair_bring_up(pair);
        ok(ike_pair_is_up(pair), "west %s, east %s: comes up", (mask & 1) != 0 ? "for it" : "not",
           (mask & 2) != 0 ? "for it" : "not");
        ok(sa_of(pair, WEST)->mobility.is_agreed == (mask == 3) &&
               sa_of(pair, EAST)->mobility.is_agreed == (mask == 3),
           "it is agreed on when both want it");
        ok(simulated_network_sent(&pair->network, WEST, 1)->path.remote.port ==
               ((mask & 1) != 0 ? 4500 : 500),
           "who wants it goes to port 4500 even without a NAT");
        ok(roam(pair, WEST, "192.0.2.2") == (mask == 3), "nobody moves without it");
        ok(!pair->network.hosts[WEST].children[0].is_udp_encapsulated, "ESP is not encapsulated");
        ike_pair_free(pair);
    }
}

static void further_addresses_are_told_in_ike_auth(void)
{
    struct ike_pair *pair = mobile_pair();
    ike_pair_start(pair);
    tell_addresses(pair, WEST, "192.0.2.1", "2001:db8::7");
    tell_addresses(pair, EAST, "198.51.100.1", "198.51.100.2");
    ike_pair_bring_up(pair);
    const struct mobility *west = &sa_of(pair, WEST)->mobility;
    const struct mobility *east = &sa_of(pair, EAST)->mobility;
    const struct ip_address ipv6 = address_of("2001:db8::7");
    const struct ip_address second = address_of("198.51.100.2");
    ok(east->remote.count == 1 && address_list_has(&east->remote, &ipv6), "west's IPv6 address");
    ok(west->remote.count == 1 && address_list_has(&west->remote, &second),
       "east's second address, not the one in use");
    ike_pair_free(pair);
}

// --- Moving ------------------------------------------------------------------------------------

static void the_initiator_moves_and_the_responder_follows(void)
{
    struct ike_pair *pair = mobile_pair();
    give_second_address(pair, WEST, "192.0.2.2");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    const unsigned before = pair->network.hosts[EAST].sent;
    ok(roam(pair, WEST, "192.0.2.2"), "roam");
    ike_pair_run(pair, 2);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
       "both ends use the new address, for IKE and ESP");
    ok(pair->network.hosts[EAST].sent == before + 2, "an answer and a return routability check");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_PATH_CHANGED, "peer-moved") == 1, "it is told");
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_LIVENESS, ""), "east asks");
    ike_pair_run(pair, 1);
    ok(roam(pair, WEST, "192.0.2.1"), "and back");
    ike_pair_run(pair, 2);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.1", "198.51.100.1"), "works as well");
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_DOWN, ""), "down");
    ike_pair_run(pair, 2);
    ok(ike_pair_is_down(pair), "nothing is left");
    ike_pair_free(pair);
}

static void only_the_initiator_moves(void)
{
    struct ike_pair *pair = mobile_pair();
    give_second_address(pair, EAST, "198.51.100.2");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(!roam(pair, EAST, "198.51.100.2"), "the responder cannot");
    ok(!roam(pair, WEST, "2001:db8::1"), "nor to a family the peer does not have");
    tell_addresses(pair, WEST, "192.0.2.1", "192.0.2.2");
    ok(!roam(pair, WEST, "192.0.2.3"), "nor to an address that is not ours");
    // A responder that says it all the same is refused.
    sa_of(pair, EAST)->mobility.may_move = true;
    sa_of(pair, EAST)->mobility.first_remote = address_of("192.0.2.1");
    ok(roam(pair, EAST, "198.51.100.2"), "a responder that breaks the rule");
    ike_pair_run(pair, 3);
    ok(ike_pair_reports(pair, WEST, IKE_REPORT_REJECTED, "unacceptable-addresses") == 1,
       "is told UNACCEPTABLE_ADDRESSES");
    ok(is_between(pair, "192.0.2.1", "198.51.100.1"), "and goes back");
    ike_pair_free(pair);
}

static void any_single_message_of_a_move_may_get_lost(void)
{
    for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
        for (unsigned number = 3; number <= 5; number++) {
            struct ike_pair *pair = mobile_pair();
            struct dropping_node drop = {.sender = sender, .number = number};
            give_second_address(pair, WEST, "192.0.2.2");
            simulated_network_add_node(&pair->network, dropping_node_pass, &drop);
            ike_pair_start(pair);
            ike_pair_bring_up(pair);
            const bool is_taken = roam(pair, WEST, "192.0.2.2");
            ike_pair_run(pair, 5);
            ok(is_taken && ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
               "message %u from %s lost: moved all the same", number,
               sender == WEST ? "west" : "east");
            ike_pair_free(pair);
        }
    }
}

static void a_move_while_a_request_is_outstanding_takes_it_along(void)
{
    struct ike_pair *pair = mobile_pair();
    struct wall_node wall = {.sender = NETWORK_HOSTS};
    give_second_address(pair, WEST, "192.0.2.2");
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    wall.is_up = true;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "a request into the void");
    ike_pair_run(pair, 1);
    wall.is_up = false;
    ok(roam(pair, WEST, "192.0.2.2"), "roam");
    const struct sent_datagram *again =
        simulated_network_sent(&pair->network, WEST, pair->network.hosts[WEST].sent - 1);
    const struct sent_datagram *first = simulated_network_sent(&pair->network, WEST, 2);
    const struct ip_address second = address_of("192.0.2.2");
    is_bytes(again->bytes, again->size, first->bytes, first->size, "the same request once more");
    ok(address_equals(&again->path.local.address, &second), "on the new path, at once");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
       "then the update follows");
    ike_pair_free(pair);
}

static void a_second_move_before_the_first_is_answered_needs_another_update(void)
{
    struct ike_pair *pair = mobile_pair();
    struct wall_node wall = {.sender = NETWORK_HOSTS};
    give_second_address(pair, WEST, "192.0.2.2");
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(roam(pair, WEST, "192.0.2.2"), "there");
    ok(roam(pair, WEST, "192.0.2.1"), "and back at once");
    ok(roam(pair, WEST, "192.0.2.2"), "and there");
    ike_pair_run(pair, 10);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
       "both ends agree on the last one");
    ike_pair_free(pair);
}

static void ipv4_and_ipv6_can_take_turns(void)
{
    struct ike_pair *pair = mobile_pair();
    give_second_address(pair, WEST, "2001:db8::1");
    give_second_address(pair, EAST, "2001:db8:1::1");
    ike_pair_start(pair);
    tell_addresses(pair, WEST, "192.0.2.1", "2001:db8::1");
    tell_addresses(pair, EAST, "198.51.100.1", "2001:db8:1::1");
    ike_pair_bring_up(pair);
    ok(roam(pair, WEST, "2001:db8::1"), "roam to IPv6");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair) && is_between(pair, "2001:db8::1", "2001:db8:1::1"),
       "to the address the peer has told");
    ok(roam(pair, WEST, "192.0.2.1"), "and to IPv4");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.1", "198.51.100.1"), "back again");
    ike_pair_free(pair);
}

// --- NAT ---------------------------------------------------------------------------------------

static void a_nat_on_the_new_path_is_found(void)
{
    struct ike_pair *pair = mobile_pair();
    struct nat_node nat = {.host = WEST, .first_port = 40000};
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(!pair->network.hosts[EAST].children[0].is_udp_encapsulated, "no NAT at first");
    nat.outside = address_of("192.0.2.129");
    nat.inside = address_of("203.0.113.129");
    give_second_address(pair, WEST, "203.0.113.129");
    simulated_network_add_node(&pair->network, nat_node_pass, &nat);
    ok(roam(pair, WEST, "203.0.113.129"), "behind a NAT now");
    ike_pair_run(pair, 3);
    struct ike_sa_status west;
    struct ike_sa_status east;
    ok(ike_pair_is_up(pair) && ike_pair_status(pair, WEST, &west) &&
           ike_pair_status(pair, EAST, &east) && west.local_is_behind_nat &&
           east.remote_is_behind_nat,
       "both ends know");
    ok(pair->network.hosts[WEST].children[0].is_udp_encapsulated &&
           pair->network.hosts[EAST].children[0].is_udp_encapsulated,
       "ESP goes in UDP");
    ok(address_equals(&esp_path(pair, EAST)->remote.address, &nat.outside) &&
           esp_path(pair, EAST)->remote.port == 40000,
       "to where the NAT shows");
    ike_pair_free(pair);
}

static void a_new_mapping_is_found_by_a_liveness_check(void)
{
    struct ike_pair *pair = mobile_pair();
    struct nat_node nat = {.host = WEST, .first_port = 40000};
    nat.outside = pair->network.addresses[WEST];
    nat.inside = address_of("203.0.113.129");
    pair->network.addresses[WEST] = nat.inside;
    ike_pair_connection(pair, WEST)->local_address = nat.inside;
    simulated_network_add_node(&pair->network, nat_node_pass, &nat);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "a check");
    ike_pair_run(pair, 2);
    const uint16_t port = esp_path(pair, EAST)->remote.port;
    nat.first_port = 50000;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""),
       "another one, through a new mapping");
    simulated_network_run(&pair->network, duration_milliseconds(15));
    ok(esp_path(pair, EAST)->remote.port == port, "which alone moves nothing");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair) && esp_path(pair, EAST)->remote.port == port + 10000,
       "west sees it in the answer and sends an update");
    ike_pair_free(pair);
}

static void a_nat_can_be_forbidden(void)
{
    struct ike_pair *pair = mobile_pair();
    struct nat_node nat = {.host = WEST, .first_port = 40000};
    ike_pair_connection(pair, WEST)->forbids_nat = true;
    give_second_address(pair, WEST, "192.0.2.2");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair) && sa_of(pair, WEST)->mobility.is_agreed, "comes up without one");
    ok(simulated_network_sent(&pair->network, WEST, 1)->path.remote.port == 500,
       "on port 500: there is no NAT traversal");
    ok(roam(pair, WEST, "192.0.2.2"), "roam");
    ike_pair_run(pair, 3);
    ok(is_between(pair, "192.0.2.2", "198.51.100.1"), "without a NAT it works");
    nat.outside = address_of("192.0.2.129");
    nat.inside = address_of("192.0.2.2");
    simulated_network_add_node(&pair->network, nat_node_pass, &nat);
    pair->network.addresses[WEST] = address_of("192.0.2.1");
    ok(roam(pair, WEST, "192.0.2.2"), "the same through a NAT");
    ike_pair_run(pair, 3);
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "unexpected-nat") >= 3,
       "is refused with UNEXPECTED_NAT_DETECTED, several times");
    ok(ike_pair_reports(pair, WEST, IKE_REPORT_REJECTED, "unexpected-nat") == 1,
       "until west gives up");
    ok(is_between(pair, "192.0.2.2", "198.51.100.1"), "and nothing has moved");
    ike_pair_free(pair);

    pair = mobile_pair();
    nat = (struct nat_node){.host = WEST, .first_port = 40000};
    ike_pair_connection(pair, WEST)->forbids_nat = true;
    nat.outside = pair->network.addresses[WEST];
    nat.inside = address_of("203.0.113.129");
    pair->network.addresses[WEST] = nat.inside;
    ike_pair_connection(pair, WEST)->local_address = nat.inside;
    simulated_network_add_node(&pair->network, nat_node_pass, &nat);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_count(pair, WEST, NULL) == 0 && ike_pair_count(pair, EAST, "established") == 0,
       "nor does it come up through a NAT");
    ike_pair_free(pair);
}

// --- Return routability ------------------------------------------------------------------------

static void esp_follows_only_when_the_new_address_answers(void)
{
    struct ike_pair *pair = mobile_pair();
    struct wall_node wall = {.sender = EAST};
    give_second_address(pair, WEST, "192.0.2.2");
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    wall.is_up = true;
    ok(roam(pair, WEST, "192.0.2.2"), "roam to where east's messages do not arrive");
    ike_pair_run(pair, 1);
    const struct ip_address first = address_of("192.0.2.1");
    const struct ip_address second = address_of("192.0.2.2");
    struct ike_sa_status east;
    ok(ike_pair_status(pair, EAST, &east) && address_equals(&east.path.remote.address, &second) &&
           address_equals(&esp_path(pair, EAST)->remote.address, &first),
       "IKE has moved, ESP has not");
    wall.is_up = false;
    ike_pair_run(pair, 5);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
       "it does when the check is answered");
    ike_pair_free(pair);
}

static void a_wrong_answer_to_the_check_ends_the_sa(void)
{
    static const uint8_t WRONG[] = {0, 0, 0, 24, 0, 0,  0x40, 0x11, 1,  2,  3,  4,
                                    5, 6, 7, 8,  9, 10, 11,   12,   13, 14, 15, 16};
    struct ike_pair *pair = mobile_pair();
    struct chain_hook hook;
    chain_hook_init(&hook);
    hook.exchange_type = IKE_EXCHANGE_INFORMATIONAL;
    hook.is_response = true;
    hook.change = CHAIN_REPLACE;
    hook.type = IKE_PAYLOAD_NOTIFY;
    hook.bytes = WRONG;
    hook.size = sizeof(WRONG);
    pair->hooks[WEST] = &hook.hook;
    give_second_address(pair, WEST, "192.0.2.2");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(roam(pair, WEST, "192.0.2.2"), "roam, with a wrong COOKIE2 in the answer");
    ike_pair_run(pair, 5);
    ok(hook.hits >= 1 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "return-check-failed") == 1,
       "the check fails");
    ok(ike_pair_count(pair, EAST, "established") == 0 &&
           ike_pair_count(pair, WEST, "established") == 0,
       "the IKE SA is closed");
    ike_pair_free(pair);

    pair = mobile_pair();
    hook.change = CHAIN_REMOVE;
    pair->hooks[WEST] = &hook.hook;
    give_second_address(pair, WEST, "192.0.2.2");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(roam(pair, WEST, "192.0.2.2"), "roam, without COOKIE2 in the answer");
    ike_pair_run(pair, 5);
    ok(ike_pair_count(pair, EAST, "established") == 0, "is no better");
    ike_pair_free(pair);
}

static void addresses_nobody_can_have_are_unacceptable(void)
{
    struct ike_pair *pair = mobile_pair();
    struct selector_set *ranges = &ike_pair_connection(pair, EAST)->roaming_ranges;
    ike_pair_set_selectors(ranges, "192.0.2.0/30");
    give_second_address(pair, WEST, "192.0.2.66");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(roam(pair, WEST, "192.0.2.66"), "roam out of the allowed range");
    ike_pair_run(pair, 3);
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "unacceptable-addresses") == 1 &&
           ike_pair_reports(pair, WEST, IKE_REPORT_REJECTED, "unacceptable-addresses") == 1,
       "is refused with UNACCEPTABLE_ADDRESSES");
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.1", "198.51.100.1"),
       "west is where it was");
    give_second_address(pair, WEST, "192.0.2.2");
    ok(roam(pair, WEST, "192.0.2.2"), "inside of it");
    ike_pair_run(pair, 3);
    ok(is_between(pair, "192.0.2.2", "198.51.100.1"), "it works");
    ike_pair_free(pair);
}

static void nobody_without_keys_moves_anything(void)
{
    struct ike_pair *pair = mobile_pair();
    give_second_address(pair, WEST, "192.0.2.2");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(roam(pair, WEST, "192.0.2.2"), "roam");
    ike_pair_run(pair, 2);
    ok(roam(pair, WEST, "192.0.2.1"), "and back");
    ike_pair_run(pair, 2);
    struct network_path path = *esp_path(pair, EAST);
    path.remote.address = address_of("192.0.2.66");
    const unsigned moved = pair->network.hosts[EAST].moved;
    const unsigned count = pair->network.hosts[WEST].sent;
    for (size_t i = 2; i < count; i++) {
        const struct sent_datagram *old = simulated_network_sent(&pair->network, WEST, i);
        const struct byte_view bytes = {.data = old->bytes, .size = old->size};
        simulated_network_inject(&pair->network, EAST, &path, bytes);
        old->bytes[old->size - 1] ^= 1;
        simulated_network_inject(&pair->network, EAST, &path, bytes);
    }
    ok(pair->network.hosts[EAST].moved == moved && is_between(pair, "192.0.2.1", "198.51.100.1"),
       "neither replayed nor forged messages");
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "an authentic one");
    struct wall_node wall = {.sender = WEST, .is_up = true};
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_LIVENESS, ""), "east asks");
    const struct sent_datagram *last =
        simulated_network_sent(&pair->network, EAST, pair->network.hosts[EAST].sent - 1);
    const struct ip_address home = address_of("192.0.2.1");
    ok(address_equals(&last->path.remote.address, &home), "goes where west has moved to");
    ike_pair_free(pair);
}

// --- Finding another path by itself -------------------------------------------------------------

static void an_address_that_goes_away_is_left(void)
{
    struct ike_pair *pair = mobile_pair();
    ike_pair_start(pair);
    tell_addresses(pair, WEST, "192.0.2.1", "192.0.2.2");
    ike_pair_bring_up(pair);
    give_second_address(pair, WEST, "192.0.2.2");
    pair->network.addresses[WEST] = address_of("192.0.2.99");
    tell_addresses(pair, WEST, "192.0.2.2", NULL);
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
       "for the one that is left");
    ok(sa_of(pair, EAST)->mobility.remote.count == 0, "the peer knows that there is no other");
    ike_pair_free(pair);
}

static void without_any_address_it_waits_for_one(void)
{
    struct ike_pair *pair = mobile_pair();
    ike_pair_start(pair);
    tell_addresses(pair, WEST, "192.0.2.1", NULL);
    ike_pair_bring_up(pair);
    pair->network.addresses[WEST] = address_of("192.0.2.99");
    struct ip_address none[1];
    ike_engine_note_addresses(pair->network.hosts[WEST].engine, pair->network.now, none, 0);
    simulated_network_drain(&pair->network, WEST);
    ike_pair_run(pair, 5);
    give_second_address(pair, WEST, "192.0.2.2");
    tell_addresses(pair, WEST, "192.0.2.2", NULL);
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
       "a new address is used as soon as it is there");
    ike_pair_free(pair);
}

static void a_broken_path_is_left_for_one_that_works(void)
{
    struct ike_pair *pair = mobile_pair();
    give_second_address(pair, WEST, "192.0.2.2");
    ike_pair_connection(pair, WEST)->liveness_delay = duration_seconds(5);
    ike_pair_start(pair);
    tell_addresses(pair, WEST, "192.0.2.1", "192.0.2.2");
    ike_pair_bring_up(pair);
    ok(is_between(pair, "192.0.2.1", "198.51.100.1"), "up");
    // Nothing reaches 192.0.2.1 any more, though west still has it.
    pair->network.addresses[WEST] = address_of("192.0.2.99");
    ike_pair_run(pair, 30);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.2", "198.51.100.1"),
       "probes find the other path, and the SA moves there");
    ike_pair_free(pair);
}

static void the_peers_second_address_is_a_way_too(void)
{
    struct ike_pair *pair = mobile_pair();
    give_second_address(pair, EAST, "198.51.100.2");
    ike_pair_connection(pair, WEST)->liveness_delay = duration_seconds(5);
    ike_pair_start(pair);
    tell_addresses(pair, EAST, "198.51.100.1", "198.51.100.2");
    ike_pair_bring_up(pair);
    pair->network.addresses[EAST] = address_of("198.51.100.99");
    ike_pair_run(pair, 30);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.1", "198.51.100.2"), "found by probing");
    ike_pair_free(pair);

    pair = mobile_pair();
    give_second_address(pair, EAST, "198.51.100.2");
    ike_pair_start(pair);
    tell_addresses(pair, EAST, "198.51.100.1", "198.51.100.2");
    ike_pair_bring_up(pair);
    pair->network.addresses[EAST] = address_of("198.51.100.99");
    const struct ip_address remote = address_of("198.51.100.1");
    ike_engine_note_no_route(pair->network.hosts[WEST].engine, pair->network.now, &remote);
    simulated_network_drain(&pair->network, WEST);
    ike_pair_run(pair, 5);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.1", "198.51.100.2"),
       "used at once when the route to the first has gone");
    ike_pair_free(pair);
}

static void a_responder_that_loses_its_address_says_so_from_another(void)
{
    struct ike_pair *pair = mobile_pair();
    give_second_address(pair, EAST, "198.51.100.2");
    ike_pair_start(pair);
    tell_addresses(pair, EAST, "198.51.100.1", "198.51.100.2");
    ike_pair_bring_up(pair);
    pair->network.addresses[EAST] = address_of("198.51.100.99");
    tell_addresses(pair, EAST, "198.51.100.2", NULL);
    ike_pair_run(pair, 5);
    ok(ike_pair_is_up(pair) && is_between(pair, "192.0.2.1", "198.51.100.2"),
       "and the initiator moves the SA there");
    ike_pair_free(pair);
}

static void a_change_of_the_other_addresses_is_announced(void)
{
    struct ike_pair *pair = mobile_pair();
    ike_pair_start(pair);
    tell_addresses(pair, EAST, "198.51.100.1", NULL);
    ike_pair_bring_up(pair);
    ok(sa_of(pair, WEST)->mobility.remote.count == 0, "one address");
    tell_addresses(pair, EAST, "198.51.100.1", "198.51.100.7");
    ike_pair_run(pair, 2);
    ok(sa_of(pair, WEST)->mobility.remote.count == 1, "a second one is announced");
    const unsigned sent = pair->network.hosts[EAST].sent;
    tell_addresses(pair, EAST, "198.51.100.7", "198.51.100.1");
    ike_pair_run(pair, 2);
    ok(pair->network.hosts[EAST].sent == sent, "another order is no news");
    tell_addresses(pair, EAST, "198.51.100.1", NULL);
    ike_pair_run(pair, 2);
    ok(sa_of(pair, WEST)->mobility.remote.count == 0 && ike_pair_is_up(pair),
       "NO_ADDITIONAL_ADDRESSES takes it back");
    ike_pair_free(pair);
}

int main(void)
{
    both_ends_must_want_it();
    further_addresses_are_told_in_ike_auth();
    the_initiator_moves_and_the_responder_follows();
    only_the_initiator_moves();
    any_single_message_of_a_move_may_get_lost();
    a_move_while_a_request_is_outstanding_takes_it_along();
    a_second_move_before_the_first_is_answered_needs_another_update();
    ipv4_and_ipv6_can_take_turns();
    a_nat_on_the_new_path_is_found();
    a_new_mapping_is_found_by_a_liveness_check();
    a_nat_can_be_forbidden();
    esp_follows_only_when_the_new_address_answers();
    a_wrong_answer_to_the_check_ends_the_sa();
    addresses_nobody_can_have_are_unacceptable();
    nobody_without_keys_moves_anything();
    an_address_that_goes_away_is_left();
    without_any_address_it_waits_for_one();
    a_broken_path_is_left_for_one_that_works();
    the_peers_second_address_is_a_way_too();
    a_responder_that_loses_its_address_says_so_from_another();
    a_change_of_the_other_addresses_is_announced();
    return done_testing();
}
