#include "harness/relay/router.h"

#include <stdio.h>
#include <string.h>

enum {
    IPV4_TTL_OFFSET = 8,
    IPV4_CHECKSUM_OFFSET = 10,
    IPV6_HOP_LIMIT_OFFSET = 7,
    BITS_IN_BYTE = 8,
    IPV4_MULTICAST_FROM = 224,
    IPV6_MULTICAST = 0xff,
};

static bool add_network(struct router *router, const struct router_network *network)
{
    if (router->network_count >= ROUTER_MOST_NETWORKS) {
        return false;
    }
    router->networks[router->network_count++] = *network;
    return true;
}

// First and last address of the network around `address`.
static void network_around(const struct ip_address *address, unsigned prefix_length,
                           struct router_network *out)
{
    const size_t size = address_size(address->family);
    out->first = *address;
    out->last = *address;
    for (size_t i = 0; i < size; i++) {
        const unsigned before = (unsigned)i * BITS_IN_BYTE;
        const unsigned kept = prefix_length > before ? prefix_length - before : 0;
        const unsigned host = kept >= BITS_IN_BYTE ? 0 : 0xffU >> kept;
        out->first.bytes[i] = (uint8_t)(address->bytes[i] & ~host);
        out->last.bytes[i] = (uint8_t)(address->bytes[i] | host);
    }
}

bool router_add_link(struct router *router, enum relay_side side, const struct ip_address *own,
                     unsigned prefix_length)
{
    struct router_network network = {.side = side};
    if (router->own_count >= ROUTER_MOST_OWN || address_size(own->family) == 0 ||
        prefix_length > address_size(own->family) * BITS_IN_BYTE) {
        return false;
    }
    network_around(own, prefix_length, &network);
    if (!add_network(router, &network)) {
        return false;
    }
    router->own[router->own_count++] = *own;
    return true;
}

static bool is_link_local(const struct ip_address *address)
{
    return address->family == ADDRESS_IPV6 && address->bytes[0] == 0xfe &&
           (address->bytes[1] & 0xc0) == 0x80;
}

static bool find_gateway(const struct router *router, enum relay_side side,
                         enum address_family family, struct ip_address *out_gateway)
{
    for (size_t i = 0; i < router->network_count; i++) {
        const struct router_network *network = &router->networks[i];
        if (network->side == side && network->first.family == family &&
            network->gateway.family == ADDRESS_NONE && !is_link_local(&network->first)) {
            *out_gateway = network->first;
            out_gateway->bytes[address_size(family) - 1]++;
            return true;
        }
    }
    return false;
}

bool router_add_route(struct router *router, const char *text)
{
    char prefix[ADDRESS_TEXT_SIZE];
    struct router_network network = {0};
    const char *side = strchr(text, '=');
    if (side == NULL || (size_t)(side - text) >= sizeof(prefix)) {
        return false;
    }
    (void)snprintf(prefix, sizeof(prefix), "%.*s", (int)(side - text), text);
    if (strcmp(side, "=west") == 0) {
        network.side = RELAY_WEST;
    } else if (strcmp(side, "=east") == 0) {
        network.side = RELAY_EAST;
    } else {
        return false;
    }
    return prefix_parse(prefix, &network.first, &network.last) &&
           find_gateway(router, network.side, network.first.family, &network.gateway) &&
           add_network(router, &network);
}

static bool is_own(const struct router *router, const struct ip_address *address)
{
    for (size_t i = 0; i < router->own_count; i++) {
        if (address_equals(&router->own[i], address)) {
            return true;
        }
    }
    return false;
}

static bool stays_on_link(const struct ip_address *address)
{
    const uint8_t multicast =
        address->family == ADDRESS_IPV4 ? IPV4_MULTICAST_FROM : IPV6_MULTICAST;
    return address->bytes[0] >= multicast || is_link_local(address);
}

static bool contains(const struct router_network *network, const struct ip_address *address)
{
    return network->first.family == address->family &&
           address_compare(&network->first, address) <= 0 &&
           address_compare(address, &network->last) <= 0;
}

enum router_answer router_decide(const struct router *router, const struct packet_sight *sight,
                                 enum relay_side from, enum relay_side *out_side,
                                 struct ip_address *out_next_hop)
{
    const struct ip_address *destination = &sight->destination;
    if (stays_on_link(destination) || is_own(router, destination)) {
        return ROUTER_OWN;
    }
    for (size_t i = 0; i < router->network_count; i++) {
        const struct router_network *network = &router->networks[i];
        if (!contains(network, destination)) {
            continue;
        }
        if (network->side == from) {
            break;
        }
        if (sight->hop_limit <= 1) {
            return ROUTER_EXPIRED;
        }
        *out_side = network->side;
        *out_next_hop = network->gateway.family != ADDRESS_NONE ? network->gateway : *destination;
        return ROUTER_FORWARD;
    }
    return ROUTER_UNROUTABLE;
}

void router_take_hop(const struct packet_sight *sight, uint8_t *packet)
{
    if (sight->family == ADDRESS_IPV6) {
        packet[IPV6_HOP_LIMIT_OFFSET]--;
        return;
    }
    const uint16_t protocol = packet[IPV4_TTL_OFFSET + 1];
    const uint16_t old_word = (uint16_t)(packet[IPV4_TTL_OFFSET] << 8 | protocol);
    packet[IPV4_TTL_OFFSET]--;
    const uint16_t new_word = (uint16_t)(packet[IPV4_TTL_OFFSET] << 8 | protocol);
    const uint16_t old_checksum =
        (uint16_t)(packet[IPV4_CHECKSUM_OFFSET] << 8 | packet[IPV4_CHECKSUM_OFFSET + 1]);
    const uint16_t checksum = checksum_after_change(old_checksum, old_word, new_word);
    packet[IPV4_CHECKSUM_OFFSET] = (uint8_t)(checksum >> 8);
    packet[IPV4_CHECKSUM_OFFSET + 1] = (uint8_t)checksum;
}
