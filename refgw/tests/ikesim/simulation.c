#include "refgw/tests/ikesim/simulation.h"

#include <inttypes.h>
#include <stdlib.h>

#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/ikesim/cheap_agreement.h"
#include "refgw/tests/ikesim/invariants.h"
#include "refgw/tests/ikesim/simulation_observation.h"
#include "refgw/tests/ikesim/simulation_record.h"
#include "refgw/tests/ikesim/step_words.h"
#include "refgw/wire/udp_encapsulation.h"

enum { FIRST_NAT_PORT = 20000, NAT_PORT_STEP = 100 };

static const char NAT_OUTSIDE[] = "192.0.2.129";
static const char ATTACKER[] = "203.0.113.250";

// --- Beginning and end ------------------------------------------------------------------------

static void start_engine(struct simulation *simulation, unsigned host)
{
    const struct ike_engine_setup setup = {
        .policy = &simulation->pair->policies[host],
        .crypto = &simulation->crypto,
        .randomness = deterministic_random_source(&simulation->pair->random[host]),
    };
    simulation->pair->network.hosts[host].engine = ike_engine_new(&setup);
    if (simulation->pair->network.hosts[host].engine == NULL) {
        abort();
    }
}

static void put_nat(struct simulation *simulation)
{
    struct ike_pair *pair = simulation->pair;
    simulation->nat = (struct nat_node){
        .host = WEST, .inside = pair->network.addresses[WEST], .first_port = FIRST_NAT_PORT};
    if (!address_parse(NAT_OUTSIDE, &simulation->nat.outside)) {
        abort();
    }
    simulated_network_add_node(&pair->network, nat_node_pass, &simulation->nat);
    // East only knows what the NAT shows, and cannot begin.
    ike_pair_connection(pair, EAST)->remote_address = (struct ip_address){.family = ADDRESS_NONE};
}

static void set_policies(struct simulation *simulation)
{
    const struct simulation_setup *setup = &simulation->setup;
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct ike_policy *policy = &simulation->pair->policies[host];
        struct policy_connection *connection = ike_pair_connection(simulation->pair, host);
        connection->liveness_delay = setup->liveness[host];
        connection->ike_lifetime = setup->ike_lifetime[host];
        connection->children[0].lifetime.time = setup->child_lifetime[host];
        if (setup->wants_cookies[host]) {
            policy->cookie_threshold = 0;
        }
        if (setup->fragment_size[host] != 0) {
            policy->fragmentation.ipv4_size = setup->fragment_size[host];
        }
        if (setup->ike[host][0] != '\0') {
            ike_pair_set_ike(simulation->pair, host, setup->ike[host]);
        }
        if (setup->esp[host][0] != '\0') {
            ike_pair_set_esp(simulation->pair, host, setup->esp[host]);
        }
    }
}

struct simulation *simulation_new(const struct simulation_setup *setup, FILE *trace, FILE *script)
{
    struct simulation *simulation = calloc(1, sizeof(*simulation));
    if (simulation == NULL) {
        abort();
    }
    simulation->setup = *setup;
    simulation->crypto = cheap_provider(openssl_provider());
    simulation->trace = trace;
    simulation->script = script;
    simulation->is_disturbed = true;
    if (!address_parse(ATTACKER, &simulation->attacker)) {
        abort();
    }
    simulation->pair = ike_pair_new();
    simulation->pair->network.observer =
        (struct network_observer){.observe = simulation_observe, .context = simulation};
    set_policies(simulation);
    if (setup->has_nat) {
        put_nat(simulation);
    }
    simulated_network_add_node(&simulation->pair->network, simulation_keep, simulation);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        deterministic_random_init(&simulation->pair->random[host],
                                  setup->seed * NETWORK_HOSTS + host);
        start_engine(simulation, host);
    }
    simulation_write_setup(simulation);
    return simulation;
}

void simulation_free(struct simulation *simulation)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct simulated_gateway *gateway = &simulation->gateways[host];
        for (size_t i = 0; i < gateway->datagram_count; i++) {
            free(gateway->datagrams[i].bytes);
        }
        free(gateway->datagrams);
        free(gateway->packets);
        free(gateway->spis);
        free(gateway->copies);
    }
    ike_pair_free(simulation->pair);
    free(simulation);
}

// --- Everything that can happen ---------------------------------------------------------------

void simulation_hold(struct simulation *simulation)
{
    simulation_write_step(simulation, "hold");
    simulation->is_holding = true;
}

void simulation_release(struct simulation *simulation)
{
    simulation_write_step(simulation, "release");
    simulation->is_holding = false;
    for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
        for (size_t i = 0; i < simulation->gateways[sender].datagram_count; i++) {
            if (simulation->gateways[sender].datagrams[i].is_waiting) {
                FILE *script = simulation->script; // this is one step
                simulation->script = NULL;
                (void)simulation_deliver(simulation, sender, i + 1);
                simulation->script = script;
            }
        }
    }
}

void simulation_pass_time(struct simulation *simulation, struct duration length)
{
    simulation->unwritten_nanoseconds += length.nanoseconds;
    simulated_network_run(&simulation->pair->network, length);
}

bool simulation_command(struct simulation *simulation, unsigned host, enum ike_command_kind kind,
                        const char *child)
{
    if (kind == IKE_COMMAND_DOWN) {
        simulation->is_disturbed = true;
        simulation_mark_unwanted(simulation, host);
    }
    // Written before what it brings about is traced.
    simulation_tell(simulation, host, "is told: %s %s", command_word(kind), child);
    const bool is_taken = ike_pair_command(simulation->pair, host, kind, child);
    if (is_taken && kind == IKE_COMMAND_UP) {
        simulation->has_initiated[host] = true;
    }
    if (is_taken && (kind == IKE_COMMAND_UP || (kind == IKE_COMMAND_DOWN && child[0] == '\0'))) {
        simulation->gateways[host].is_going_down = kind == IKE_COMMAND_DOWN;
    }
    simulation_write_step(simulation, "%s %s%s%s%s", host_name(host), command_word(kind),
                          child[0] == '\0' ? "" : " ", child, is_taken ? "" : " refused");
    return is_taken;
}

// Where a datagram ends, with the addresses it has there. False when the NAT has no mapping.
static bool find_end(struct simulation *simulation, unsigned sender,
                     const struct kept_datagram *kept, struct network_path *out_path)
{
    struct flight flight;
    flight.sender = sender;
    flight.source = kept->source;
    flight.destination = kept->destination;
    if (sender == EAST && simulation->setup.has_nat &&
        nat_node_pass(&simulation->nat, &flight) == NODE_DROP) {
        return false;
    }
    *out_path = (struct network_path){.local = flight.destination, .remote = flight.source};
    return true;
}

// The peer refuses outside any SA: the next IKE_SA_INIT request may be another one.
static void note_refusal(struct simulation *simulation, unsigned receiver, struct byte_view bytes)
{
    struct byte_reader in = reader_over(bytes);
    struct ike_header header;
    struct wire_fault fault;
    if (ike_header_read(&in, &header, &fault) && header.exchange_type == IKE_EXCHANGE_SA_INIT &&
        ike_header_is_response(&header) && header.responder_spi == 0) {
        simulation->gateways[receiver].refusals++;
    }
}

bool simulation_deliver(struct simulation *simulation, unsigned sender, size_t number)
{
    struct simulated_gateway *gateway = &simulation->gateways[sender];
    struct simulated_network *network = &simulation->pair->network;
    const unsigned receiver = other_host(sender);
    struct network_path path;
    if (number == 0 || number > gateway->datagram_count) {
        return false;
    }
    simulation_write_step(simulation, "deliver %s->%s %zu", host_name(sender), host_name(receiver),
                          number);
    struct kept_datagram *kept = &gateway->datagrams[number - 1];
    const struct byte_view bytes = {.data = kept->bytes, .size = kept->size};
    kept->is_waiting = false;
    if (find_end(simulation, sender, kept, &path) &&
        address_equals(&path.local.address, &network->addresses[receiver])) {
        simulation_tell(simulation, receiver, "gets #%zu", number);
        kept->has_arrived = true;
        note_refusal(simulation, receiver, bytes);
        simulated_network_inject(network, receiver, &path, bytes);
    }
    return true;
}

static bool is_protected(const struct kept_datagram *kept)
{
    struct byte_view content = {.data = kept->bytes, .size = kept->size};
    struct byte_reader in;
    struct ike_header header;
    struct wire_fault fault;
    if (kept->destination.port != IKE_PORT) {
        (void)udp_encapsulation_read(content, &content);
    }
    in = reader_over(content);
    return ike_header_read(&in, &header, &fault) && header.exchange_type != IKE_EXCHANGE_SA_INIT;
}

bool simulation_forge(struct simulation *simulation, unsigned sender, size_t number,
                      bool is_changed)
{
    struct simulated_gateway *gateway = &simulation->gateways[sender];
    const unsigned receiver = other_host(sender);
    struct network_path path;
    if (number == 0 || number > gateway->datagram_count) {
        return false;
    }
    struct kept_datagram *kept = &gateway->datagrams[number - 1];
    if (!kept->has_arrived || !is_protected(kept)) {
        return false;
    }
    simulation_write_step(simulation, "%s %s->%s %zu", is_changed ? "forge" : "replay",
                          host_name(sender), host_name(receiver), number);
    if (find_end(simulation, sender, kept, &path)) {
        uint8_t *last = &kept->bytes[kept->size - 1];
        path.remote.address = simulation->attacker;
        *last ^= is_changed ? 1 : 0;
        simulation_tell(simulation, receiver, "gets a %s of #%zu",
                        is_changed ? "forgery" : "replay", number);
        simulated_network_inject(&simulation->pair->network, receiver, &path,
                                 (struct byte_view){.data = kept->bytes, .size = kept->size});
        // More may have been sent meanwhile: the list may have moved, the bytes have not.
        *last ^= is_changed ? 1 : 0;
    }
    return true;
}

bool simulation_drop(struct simulation *simulation, unsigned sender, size_t number)
{
    struct simulated_gateway *gateway = &simulation->gateways[sender];
    if (number == 0 || number > gateway->datagram_count) {
        return false;
    }
    simulation_write_step(simulation, "drop %s->%s %zu", host_name(sender),
                          host_name(other_host(sender)), number);
    simulation_tell(simulation, sender, "loses #%zu", number);
    gateway->datagrams[number - 1].is_waiting = false;
    return true;
}

size_t simulation_oldest_waiting(const struct simulation *simulation, unsigned sender)
{
    const struct simulated_gateway *gateway = &simulation->gateways[sender];
    for (size_t i = 0; i < gateway->datagram_count; i++) {
        if (gateway->datagrams[i].is_waiting) {
            return i + 1;
        }
    }
    return 0;
}

// A connection that both ends agree on and that nobody is taking down is live again.
static void note_calm(struct simulation *simulation)
{
    struct seen_sas seen;
    bool is_wanted = true;
    for (unsigned host = 0; simulation->is_disturbed && host < NETWORK_HOSTS; host++) {
        struct simulated_gateway *gateway = &simulation->gateways[host];
        simulation_see(simulation, host, &seen);
        gateway->is_going_down = gateway->is_going_down && seen.count > 0;
        is_wanted =
            is_wanted && !gateway->is_going_down && !simulation_has_unwanted(simulation, host);
    }
    if (simulation->is_disturbed && is_wanted && simulation_is_calm(simulation)) {
        simulation->is_disturbed = false;
        simulation_tell(simulation, NETWORK_HOSTS, "the connection is live");
    }
}

size_t simulation_send_packet(struct simulation *simulation, unsigned host)
{
    struct simulated_gateway *gateway = &simulation->gateways[host];
    simulation_write_step(simulation, "packet %s", host_name(host));
    note_calm(simulation);
    const struct child_sa *sa = simulation_outbound(simulation, host, "net");
    if (sa == NULL) {
        invariant_of_sending(simulation, host);
        return 0;
    }
    gateway->packets = grown_array(gateway->packets, gateway->packet_count,
                                   &gateway->packet_capacity, sizeof(*gateway->packets));
    gateway->packets[gateway->packet_count] = (struct kept_packet){.spi = sa->outbound_spi};
    gateway->packet_count++;
    return gateway->packet_count;
}

static const struct child_sa *find_inbound(const struct simulation *simulation, unsigned host,
                                           uint32_t spi)
{
    const struct simulated_host *gateway = &simulation->pair->network.hosts[host];
    for (size_t i = 0; i < gateway->child_count; i++) {
        if (gateway->children[i].inbound_spi == spi) {
            return &gateway->children[i];
        }
    }
    return NULL;
}

void simulation_deliver_packet(struct simulation *simulation, unsigned sender, size_t number)
{
    struct simulated_gateway *gateway = &simulation->gateways[sender];
    const unsigned receiver = other_host(sender);
    struct simulated_network *network = &simulation->pair->network;
    if (number == 0 || number > gateway->packet_count) {
        return;
    }
    simulation_write_step(simulation, "packet %s->%s %zu", host_name(sender), host_name(receiver),
                          number);
    const uint32_t spi = gateway->packets[number - 1].spi;
    const struct child_sa *sa = find_inbound(simulation, receiver, spi);
    if (sa == NULL) {
        invariant_of_arrival(simulation, sender, spi);
        return;
    }
    ike_engine_note_traffic(network->hosts[receiver].engine, network->now, sa->id);
    simulated_network_drain(network, receiver);
}

void simulation_restart(struct simulation *simulation, unsigned host)
{
    struct simulated_host *gateway = &simulation->pair->network.hosts[host];
    simulation_write_step(simulation, "%s restarts", host_name(host));
    simulation_tell(simulation, host, "restarts");
    simulation->is_disturbed = true;
    ike_engine_free(gateway->engine);
    for (size_t i = 0; i < gateway->child_count; i++) {
        child_sa_clear(&gateway->children[i]);
    }
    gateway->child_count = 0;
    for (size_t i = 0; i < simulation->gateways[host].spi_count; i++) {
        simulation->gateways[host].spis[i].is_removed = true;
    }
    simulation->gateways[host].is_going_down = false;
    start_engine(simulation, host);
}

void simulation_keep_lifetimes(struct simulation *simulation)
{
    simulation_write_step(simulation, "lifetimes hold");
    simulation->must_keep_lifetimes = true;
}

void simulation_rebind(struct simulation *simulation)
{
    simulation_write_step(simulation, "nat rebinds");
    simulation_tell(simulation, NETWORK_HOSTS, "the NAT forgets its mappings");
    simulation->nat.mapping_count = 0;
    simulation->nat.first_port = (uint16_t)(simulation->nat.first_port + NAT_PORT_STEP);
}
