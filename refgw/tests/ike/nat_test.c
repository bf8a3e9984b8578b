// NAT on the way, or only claimed (RFC 7296, section 2.23; RFC 3948).
#include "harness/tap/tap.h"
#include "refgw/tests/crafted_message.h"

// Puts a NAT in front of a host; the host itself moves to a private address.
static void hide(struct ike_pair *pair, struct nat_node *node, unsigned host, const char *inside)
{
    const unsigned other = host == WEST ? EAST : WEST;
    node->host = host;
    node->outside = pair->network.addresses[host];
    node->first_port = 40000;
    if (!address_parse(inside, &node->inside)) {
        ok(false, "address");
    }
    pair->network.addresses[host] = node->inside;
    ike_pair_connection(pair, host)->local_address = node->inside;
    (void)other;
    simulated_network_add_node(&pair->network, nat_node_pass, node);
}

static bool says(const struct ike_pair *pair, unsigned host, bool local, bool remote)
{
    struct ike_sa_status status;
    return ike_pair_status(pair, host, &status) && status.local_is_behind_nat == local &&
           status.remote_is_behind_nat == remote;
}

static void an_initiator_behind_a_nat_moves_to_port_4500(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node nat = {.host = WEST};
    hide(pair, &nat, WEST, "203.0.113.129");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "comes up");
    ok(says(pair, WEST, true, false) && says(pair, EAST, false, true),
       "both ends know who is behind the NAT");
    const struct sent_datagram *auth = simulated_network_sent(&pair->network, WEST, 1);
    static const uint8_t MARKER[4];
    ok(auth->path.local.port == 4500 && auth->path.remote.port == 4500, "IKE_AUTH uses port 4500");
    is_bytes(auth->bytes, 4, MARKER, sizeof(MARKER), "with the non-ESP marker");
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const struct child_sa *child = &pair->network.hosts[host].children[0];
        ok(child->is_udp_encapsulated && child->path.local.port == 4500,
           "ESP goes in UDP, from port 4500");
    }
    ok(pair->network.hosts[EAST].children[0].path.remote.port == 40001,
       "to the port the NAT shows");
    ok(ike_pair_reports(pair, WEST, IKE_REPORT_NAT_DETECTED, NULL) == 1 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_NAT_DETECTED, NULL) == 1,
       "it is reported on both ends");
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_DOWN, ""), "the responder goes down");
    ike_pair_run(pair, 2);
    ok(ike_pair_is_down(pair), "its request finds the way in");
    ike_pair_free(pair);
}

static void a_responder_behind_a_nat_is_found_out(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node nat = {.keeps_ports = true};
    hide(pair, &nat, EAST, "203.0.113.193");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "comes up");
    ok(says(pair, WEST, false, true) && says(pair, EAST, true, false), "east is behind the NAT");
    ok(pair->network.hosts[WEST].children[0].is_udp_encapsulated, "ESP goes in UDP");
    ike_pair_free(pair);
}

static void nats_on_both_ends_are_found_out(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node west = {.keeps_ports = false};
    struct nat_node east = {.keeps_ports = true};
    hide(pair, &west, WEST, "203.0.113.129");
    hide(pair, &east, EAST, "203.0.113.193");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair) && says(pair, WEST, true, true) && says(pair, EAST, true, true),
       "comes up through both");
    ike_pair_free(pair);
}

static void without_a_nat_nothing_moves(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair) && says(pair, WEST, false, false) && says(pair, EAST, false, false),
       "no NAT is suspected");
    ok(simulated_network_sent(&pair->network, WEST, 1)->path.remote.port == 500,
       "IKE_AUTH stays on port 500");
    ok(!pair->network.hosts[WEST].children[0].is_udp_encapsulated, "ESP is not encapsulated");
    ike_pair_free(pair);
}

static void encapsulation_can_be_forced_from_either_end(void)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const unsigned other = host == WEST ? EAST : WEST;
        struct ike_pair *pair = ike_pair_new();
        ike_pair_connection(pair, host)->forces_encapsulation = true;
        ike_pair_start(pair);
        ike_pair_bring_up(pair);
        ok(ike_pair_is_up(pair), "forced by %s: comes up", host == WEST ? "west" : "east");
        ok(pair->network.hosts[WEST].children[0].is_udp_encapsulated &&
               pair->network.hosts[EAST].children[0].is_udp_encapsulated &&
               pair->network.hosts[EAST].children[0].path.local.port == 4500,
           "ESP goes in UDP on port 4500");
        ok(says(pair, other, false, true), "the other end takes it for a NAT");
        ike_pair_free(pair);
    }
}

static void a_new_mapping_is_followed(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node nat = {.host = WEST};
    hide(pair, &nat, WEST, "203.0.113.129");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    nat.first_port = 50000;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "the NAT forgets its mapping");
    ike_pair_run(pair, 1);
    ok(pair->network.hosts[EAST].moved == 1 &&
           pair->network.hosts[EAST].children[0].path.remote.port == 50001,
       "east moves to the new one when an authentic message comes from it");
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_LIVENESS, ""), "east asks");
    ike_pair_run(pair, 1);
    ok(simulated_network_sent(&pair->network, EAST, 3)->path.remote.port == 50001 &&
           pair->network.hosts[WEST].sent == 4,
       "and is heard there");

    // Nobody without keys moves anything, and neither does a repeated message.
    const struct sent_datagram *old = simulated_network_sent(&pair->network, WEST, 2);
    struct network_path elsewhere = {
        .local = {.address = pair->network.addresses[EAST], .port = 4500},
        .remote = {.address = nat.outside,                   .port = 666 }
    };
    simulated_network_inject(&pair->network, EAST, &elsewhere,
                             (struct byte_view){.data = old->bytes, .size = old->size});
    old->bytes[old->size - 1] ^= 1;
    simulated_network_inject(&pair->network, EAST, &elsewhere,
                             (struct byte_view){.data = old->bytes, .size = old->size});
    ok(pair->network.hosts[EAST].moved == 1, "a replay or a forgery moves nothing");
    ike_pair_free(pair);
}

static void without_a_nat_nobody_is_followed(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct wall_node wall = {.sender = WEST};
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    wall.is_up = true;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "an authentic request");
    const struct sent_datagram *request = simulated_network_sent(&pair->network, WEST, 2);
    struct network_path elsewhere = path_of(pair, EAST);
    elsewhere.remote.port = 1234;
    simulated_network_inject(&pair->network, EAST, &elsewhere,
                             (struct byte_view){.data = request->bytes, .size = request->size});
    ok(simulated_network_sent(&pair->network, EAST, 2)->path.remote.port == 1234,
       "is answered to where it came from");
    struct ike_sa_status status;
    ok(pair->network.hosts[EAST].moved == 0 && ike_pair_status(pair, EAST, &status) &&
           status.path.remote.port == 500,
       "but moves nothing");
    ike_pair_free(pair);
}

static void port_4500_carries_ike_behind_a_marker_only(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    struct network_path path = path_of(pair, EAST);
    static const uint8_t KEEPALIVE[] = {0xff};
    static const uint8_t ESP[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t SHORT[] = {0, 0};
    path.local.port = 4500;
    simulated_network_inject(&pair->network, EAST, &path, VIEW_OF(KEEPALIVE));
    ok(pair->network.hosts[EAST].report_count == 0, "a keepalive is nobody's business");
    simulated_network_inject(&pair->network, EAST, &path, VIEW_OF(ESP));
    simulated_network_inject(&pair->network, EAST, &path, VIEW_OF(SHORT));
    simulated_network_inject(&pair->network, EAST, &path, (struct byte_view){.size = 0});
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "not-ike") == 3,
       "what is not IKE is not read");
    ike_pair_free(pair);

    pair = ike_pair_new();
    ike_pair_connection(pair, WEST)->remote_port = 4500;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair) &&
           simulated_network_sent(&pair->network, WEST, 0)->path.remote.port == 4500,
       "IKE_SA_INIT may start on port 4500");
    ike_pair_free(pair);
}

int main(void)
{
    an_initiator_behind_a_nat_moves_to_port_4500();
    a_responder_behind_a_nat_is_found_out();
    nats_on_both_ends_are_found_out();
    without_a_nat_nothing_moves();
    encapsulation_can_be_forced_from_either_end();
    a_new_mapping_is_followed();
    without_a_nat_nobody_is_followed();
    port_4500_carries_ike_behind_a_marker_only();
    return done_testing();
}
