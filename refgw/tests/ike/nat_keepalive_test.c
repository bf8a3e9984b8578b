// NAT keepalives and what happens when a mapping changes (RFC 3948, section 4; RFC 7296,
// section 2.23).
#include "harness/tap/tap.h"
#include "refgw/tests/crafted_message.h"

static void hide(struct ike_pair *pair, struct nat_node *node, unsigned host, const char *inside)
{
    node->host = host;
    node->outside = pair->network.addresses[host];
    node->first_port = 40000;
    if (!address_parse(inside, &node->inside)) {
        ok(false, "address");
    }
    pair->network.addresses[host] = node->inside;
    ike_pair_connection(pair, host)->local_address = node->inside;
    simulated_network_add_node(&pair->network, nat_node_pass, node);
}

struct keepalives {
    size_t count;
    struct instant first;
    struct instant last;
};

static struct keepalives keepalives_of(const struct ike_pair *pair, unsigned host)
{
    struct keepalives seen = {.count = 0};
    const struct sent_datagram *sent = NULL;
    for (size_t i = 0; (sent = simulated_network_sent(&pair->network, host, i)) != NULL; i++) {
        if (sent->size == 1 && sent->bytes[0] == 0xff) {
            seen.first = seen.count == 0 ? sent->when : seen.first;
            seen.last = sent->when;
            seen.count++;
        }
    }
    return seen;
}

static void who_is_behind_a_nat_keeps_its_mapping_alive(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node nat = {.keeps_ports = false};
    hide(pair, &nat, WEST, "203.0.113.129");
    ike_pair_start(pair);
    const struct instant start = pair->network.now;
    ike_pair_bring_up(pair);
    ike_pair_run(pair, 100);
    const struct keepalives seen = keepalives_of(pair, WEST);
    ok(ike_pair_is_up(pair) && seen.count == 5, "five keepalives in 105 s");
    ok(seen.first.nanoseconds - start.nanoseconds >= 20000000000U &&
           seen.last.nanoseconds - seen.first.nanoseconds == 80000000000U,
       "one every 20 s");
    ok(keepalives_of(pair, EAST).count == 0, "nobody else sends any");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, NULL) == 0, "and nobody answers them");
    const struct sent_datagram *last =
        simulated_network_sent(&pair->network, WEST, pair->network.hosts[WEST].sent - 1);
    ok(last->path.local.port == 4500 && last->path.remote.port == 4500, "on port 4500");
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""), "down");
    ike_pair_run(pair, 60);
    ok(ike_pair_is_down(pair) && keepalives_of(pair, WEST).count == 5, "without SA there are none");
    ike_pair_free(pair);
}

static void messages_of_ike_take_the_place_of_keepalives(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node nat = {.keeps_ports = false};
    hide(pair, &nat, WEST, "203.0.113.129");
    ike_pair_connection(pair, WEST)->liveness_delay = duration_seconds(10);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ike_pair_run(pair, 100);
    ok(ike_pair_is_up(pair) && keepalives_of(pair, WEST).count == 0,
       "liveness checks every 10 s keep the mapping as well");
    ike_pair_free(pair);
}

static void keepalives_can_be_slower_or_off(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node nat = {.keeps_ports = true};
    hide(pair, &nat, EAST, "203.0.113.193");
    pair->policies[EAST].keepalive_interval = duration_seconds(30);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ike_pair_run(pair, 95);
    ok(ike_pair_is_up(pair) && keepalives_of(pair, EAST).count == 3 &&
           keepalives_of(pair, WEST).count == 0,
       "every 30 s, from the responder where that is behind the NAT");
    ike_pair_free(pair);

    pair = ike_pair_new();
    nat = (struct nat_node){.keeps_ports = false};
    hide(pair, &nat, WEST, "203.0.113.129");
    pair->policies[WEST].keepalive_interval = (struct duration){0};
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ike_pair_run(pair, 200);
    ok(ike_pair_is_up(pair) && keepalives_of(pair, WEST).count == 0, "0 switches them off");
    ike_pair_free(pair);
}

static void without_a_nat_there_are_none(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_connection(pair, WEST)->remote_port = 4500;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ike_pair_run(pair, 200);
    ok(ike_pair_is_up(pair) && keepalives_of(pair, WEST).count == 0 &&
           keepalives_of(pair, EAST).count == 0,
       "on port 4500 without a NAT: none");
    ike_pair_free(pair);
}

// --- ESP from elsewhere -------------------------------------------------------------------------

static void note_esp(struct ike_pair *pair, unsigned host, const char *address, uint16_t port)
{
    struct simulated_host *owner = &pair->network.hosts[host];
    struct network_path path = owner->children[0].path;
    path.remote.port = port;
    if (!address_parse(address, &path.remote.address)) {
        ok(false, "address");
    }
    ike_engine_note_path(owner->engine, pair->network.now, owner->children[0].id, &path);
    simulated_network_drain(&pair->network, host);
}

static void authentic_esp_shows_a_new_mapping(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct nat_node nat = {.keeps_ports = false};
    hide(pair, &nat, WEST, "203.0.113.129");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    note_esp(pair, EAST, "192.0.2.1", 40001);
    ok(pair->network.hosts[EAST].moved == 0, "the same place is nothing new");
    nat.first_port = 50000;
    note_esp(pair, EAST, "192.0.2.1", 50001);
    ok(pair->network.hosts[EAST].moved == 1 &&
           pair->network.hosts[EAST].children[0].path.remote.port == 50001,
       "another port: ESP follows");
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_LIVENESS, ""), "east asks");
    const struct sent_datagram *last =
        simulated_network_sent(&pair->network, EAST, pair->network.hosts[EAST].sent - 1);
    ok(last->path.remote.port == 50001, "and so does IKE");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair), "which works");
    note_esp(pair, EAST, "192.0.2.77", 4500);
    struct ip_address moved;
    ok(address_parse("192.0.2.77", &moved) &&
           address_equals(&pair->network.hosts[EAST].children[0].path.remote.address, &moved),
       "a NAT may get another address too");
    note_esp(pair, WEST, "198.51.100.1", 4711);
    ok(pair->network.hosts[WEST].moved == 0, "who is behind a NAT follows nobody");
    ike_pair_free(pair);
}

static void without_a_nat_esp_moves_nothing(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_connection(pair, WEST)->remote_port = 4500;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    note_esp(pair, EAST, "192.0.2.1", 50001);
    ok(pair->network.hosts[EAST].moved == 0, "no NAT, no new mapping");
    ike_engine_note_path(pair->network.hosts[EAST].engine, pair->network.now, 4711,
                         &pair->network.hosts[EAST].children[0].path);
    ok(ike_pair_is_up(pair), "a child that does not exist is nobody's");
    ike_pair_free(pair);
}

int main(void)
{
    who_is_behind_a_nat_keeps_its_mapping_alive();
    messages_of_ike_take_the_place_of_keepalives();
    keepalives_can_be_slower_or_off();
    without_a_nat_there_are_none();
    authentic_esp_shows_a_new_mapping();
    without_a_nat_esp_moves_nothing();
    return done_testing();
}
