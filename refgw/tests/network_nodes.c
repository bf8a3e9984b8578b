#include "refgw/tests/network_nodes.h"

enum node_verdict dropping_node_pass(void *context, struct flight *flight)
{
    struct dropping_node *node = context;
    if (flight->sender != node->sender || flight->number != node->number) {
        return NODE_FORWARD;
    }
    node->hits++;
    return NODE_DROP;
}

enum node_verdict wall_node_pass(void *context, struct flight *flight)
{
    const struct wall_node *node = context;
    const bool concerns = node->sender == NETWORK_HOSTS || node->sender == flight->sender;
    return node->is_up && concerns ? NODE_DROP : NODE_FORWARD;
}

enum node_verdict doubling_node_pass(void *context, struct flight *flight)
{
    (void)context;
    (void)flight;
    return NODE_DOUBLE;
}

static unsigned draw(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(*state >> 33) % below;
}

enum node_verdict rough_node_pass(void *context, struct flight *flight)
{
    struct rough_node *node = context;
    const unsigned fate = draw(&node->state, 100);
    if (node->most_delay_ms > 0) {
        flight->arrival = instant_after(
            flight->arrival, duration_milliseconds(draw(&node->state, node->most_delay_ms)));
    }
    if (fate < node->lost_percent) {
        return NODE_DROP;
    }
    return fate < node->lost_percent + node->doubled_percent ? NODE_DOUBLE : NODE_FORWARD;
}

enum node_verdict tampering_node_pass(void *context, struct flight *flight)
{
    struct tampering_node *node = context;
    if (flight->sender != node->sender || flight->number != node->number) {
        return NODE_FORWARD;
    }
    if (node->cut_to != 0) {
        flight->size = node->cut_to;
        node->hits++;
    } else if (node->position < flight->size) {
        flight->bytes[node->position] ^= node->change;
        node->hits++;
    }
    return NODE_FORWARD;
}

static uint16_t map_out(struct nat_node *node, const struct ip_endpoint *inside)
{
    if (node->keeps_ports) {
        return inside->port;
    }
    for (size_t i = 0; i < node->mapping_count; i++) {
        if (endpoint_equals(&node->mappings[i], inside)) {
            return (uint16_t)(node->first_port + i);
        }
    }
    const size_t index = node->mapping_count % NAT_MOST_MAPPINGS;
    node->mappings[index] = *inside;
    node->mapping_count = index + 1;
    return (uint16_t)(node->first_port + index);
}

static bool map_in(const struct nat_node *node, struct ip_endpoint *destination)
{
    if (node->keeps_ports) {
        destination->address = node->inside;
        return true;
    }
    const size_t index = (size_t)(destination->port - node->first_port);
    if (destination->port < node->first_port || index >= node->mapping_count) {
        return false;
    }
    *destination = node->mappings[index];
    return true;
}

enum node_verdict nat_node_pass(void *context, struct flight *flight)
{
    struct nat_node *node = context;
    if (flight->sender == node->host) {
        flight->source.port = map_out(node, &flight->source);
        flight->source.address = node->outside;
        return NODE_FORWARD;
    }
    if (!address_equals(&flight->destination.address, &node->outside)) {
        return NODE_DROP;
    }
    return map_in(node, &flight->destination) ? NODE_FORWARD : NODE_DROP;
}
