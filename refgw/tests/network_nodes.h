// network_nodes.h - ready-made nodes for the simulated network.
#ifndef REFGW_TESTS_NETWORK_NODES_H
#define REFGW_TESTS_NETWORK_NODES_H

#include "refgw/tests/simulated_network.h"

// Drops the datagram with one number from one side.
struct dropping_node {
    unsigned sender;
    unsigned number;
    unsigned hits;
};
enum node_verdict dropping_node_pass(void *context, struct flight *flight);

// Drops everything from one side, or from both (sender NETWORK_HOSTS), while switched on.
struct wall_node {
    unsigned sender;
    bool is_up;
};
enum node_verdict wall_node_pass(void *context, struct flight *flight);

// Doubles everything.
enum node_verdict doubling_node_pass(void *context, struct flight *flight);

// Loses, doubles and delays at random; repeats for the same seed.
struct rough_node {
    uint64_t state;
    unsigned lost_percent;
    unsigned doubled_percent;
    unsigned most_delay_ms;
};
enum node_verdict rough_node_pass(void *context, struct flight *flight);

// Changes one byte of one datagram.
struct tampering_node {
    unsigned sender;
    unsigned number;
    size_t position;
    uint8_t change; // exclusive-ored
    size_t cut_to;  // if not 0: cuts the datagram to this size instead
    unsigned hits;
};
enum node_verdict tampering_node_pass(void *context, struct flight *flight);

// Source NAT in front of one host: everything from `inside` leaves as `outside` with another
// port; what comes back to that port goes in.
enum { NAT_MOST_MAPPINGS = 8 };
struct nat_node {
    unsigned host; // WEST or EAST
    struct ip_address inside;
    struct ip_address outside;
    struct ip_endpoint mappings[NAT_MOST_MAPPINGS]; // inside endpoints; port = first_port + index
    size_t mapping_count;
    uint16_t first_port;
    bool keeps_ports; // static: the port stays, and anybody may come in
};
enum node_verdict nat_node_pass(void *context, struct flight *flight);

#endif
