// router.h - where a packet goes: the routing decision of the WAN, in user space.
//
// Two sides, each with the networks on its link. A packet crosses from one side to the other or
// goes nowhere. Knows no sockets.
#ifndef HARNESS_RELAY_ROUTER_H
#define HARNESS_RELAY_ROUTER_H

#include "harness/relay/packet_sight.h"

enum relay_side {
    RELAY_WEST,
    RELAY_EAST,
    RELAY_SIDE_COUNT,
};

enum { ROUTER_MOST_NETWORKS = 32, ROUTER_MOST_OWN = 32 };

struct router_network {
    struct ip_address first;
    struct ip_address last;
    enum relay_side side;
    struct ip_address gateway; // family ADDRESS_NONE: on the link itself
};

// A plain value; zeroed it forwards nothing.
struct router {
    size_t network_count;
    struct router_network networks[ROUTER_MOST_NETWORKS]; // the first that matches counts
    size_t own_count;
    struct ip_address own[ROUTER_MOST_OWN];
};

enum router_answer {
    ROUTER_FORWARD,
    ROUTER_OWN,        // for the WAN's kernel: its own address, or the business of one link
    ROUTER_UNROUTABLE, // no network, or back where it came from
    ROUTER_EXPIRED,    // TTL or hop limit used up
};

// Adds an address of the WAN itself and the network on the link around it. False when the table is
// full or the length does not suit the family.
MUST_USE bool router_add_link(struct router *router, enum relay_side side,
                              const struct ip_address *own, unsigned prefix_length);
// "203.0.113.64/26=east": a network behind that side's gateway, which is the first host of the
// link's network of the same family, so links come first. False when that is not what it says.
MUST_USE bool router_add_route(struct router *router, const char *text);
// Decides about a packet that arrived from `from`. The outputs are set with ROUTER_FORWARD only.
MUST_USE enum router_answer router_decide(const struct router *router,
                                          const struct packet_sight *sight, enum relay_side from,
                                          enum relay_side *out_side,
                                          struct ip_address *out_next_hop);
// One hop less, IPv4 header checksum mended. `packet` are the bytes that `sight` was taken from.
void router_take_hop(const struct packet_sight *sight, uint8_t *packet);

#endif
