#include "refgw/app/gateway_network.h"

#include "refgw/io/datagram_socket.h"
#include "refgw/io/network_events.h"
#include "refgw/io/system_clock.h"

#include <errno.h>

enum { MOST_ADDRESSES = 64, MOST_PEERS = 64 };

static bool uses_mobike(const struct gateway *gateway)
{
    const struct ike_policy *policy = &gateway->config->policy;
    for (size_t i = 0; i < policy->connection_count; i++) {
        if (policy->connections[i].uses_mobike) {
            return true;
        }
    }
    return false;
}

static bool is_protected_by(const struct policy_connection *connection,
                            const struct ip_address *address)
{
    for (size_t i = 0; i < connection->child_count; i++) {
        if (selector_set_matches(&connection->children[i].local_selectors, address, 0, 0)) {
            return true;
        }
    }
    return false;
}

// Addresses in a network behind this gateway are no way to reach the gateway itself, unless it
// was told to use one.
static bool is_outer(const struct gateway *gateway, const struct ip_address *address)
{
    const struct ike_policy *policy = &gateway->config->policy;
    bool is_protected = false;
    for (size_t i = 0; i < policy->connection_count; i++) {
        if (address_equals(&policy->connections[i].local_address, address)) {
            return true;
        }
        is_protected = is_protected || is_protected_by(&policy->connections[i], address);
    }
    return !is_protected;
}

// The addresses of all peers, collected before the engine is told anything.
struct peer_addresses {
    size_t count;
    struct ip_address items[MOST_PEERS];
};

static void collect_peer(void *context, const struct ike_sa_status *status)
{
    struct peer_addresses *peers = context;
    for (size_t i = 0; i < peers->count; i++) {
        if (address_equals(&peers->items[i], &status->path.remote.address)) {
            return;
        }
    }
    if (peers->count < MOST_PEERS) {
        peers->items[peers->count] = status->path.remote.address;
        peers->count++;
    }
}

static void look_for_routes(struct gateway *gateway)
{
    struct peer_addresses peers = {.count = 0};
    ike_engine_visit(gateway->engine, collect_peer, &peers);
    for (size_t i = 0; i < peers.count; i++) {
        struct ip_address source;
        if (!datagram_source_address(&peers.items[i], gateway->config->udp.mark, &source)) {
            ike_engine_note_no_route(gateway->engine, system_clock_now(), &peers.items[i]);
            gateway_drain(gateway);
        }
    }
}

void gateway_look_at_network(struct gateway *gateway)
{
    struct ip_address found[MOST_ADDRESSES];
    struct ip_address outer[MOST_ADDRESSES];
    const size_t found_count =
        network_own_addresses(gateway->config->tun_name, found, MOST_ADDRESSES);
    size_t count = 0;
    if (!uses_mobike(gateway)) {
        return;
    }
    for (size_t i = 0; i < found_count; i++) {
        if (is_outer(gateway, &found[i])) {
            outer[count] = found[i];
            count++;
        }
    }
    ike_engine_note_addresses(gateway->engine, system_clock_now(), outer, count);
    gateway_drain(gateway);
    look_for_routes(gateway);
}

static void handle_events(void *context, unsigned events)
{
    struct gateway *gateway = context;
    (void)events;
    network_events_drain(gateway->network_events);
    gateway_look_at_network(gateway);
    gateway_settle(gateway);
}

bool gateway_watch_network(struct gateway *gateway, struct problem *out_problem)
{
    if (!uses_mobike(gateway)) {
        return true;
    }
    gateway->network_events = network_events_open(out_problem);
    if (gateway->network_events < 0) {
        return false;
    }
    if (!loop_watch(gateway->loop, gateway->network_events, LOOP_READABLE, handle_events,
                    gateway)) {
        return problem_set_errno(out_problem, errno, "cannot watch addresses and routes");
    }
    gateway_look_at_network(gateway);
    return true;
}
