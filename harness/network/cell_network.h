// cell_network.h - the network of one cell: namespaces, links, addresses, routes, NAT.
//
//   west-lan -- west -- [west-natgw] -- wan (relay) -- [east-natgw] -- east -- east-lan
//
// Names and addresses are those of docs/LAB.md. Needs root, iproute2 and, with NAT, nftables.
// The kernel of `wan` does not forward: nothing crosses until a relay runs there.
#ifndef HARNESS_NETWORK_CELL_NETWORK_H
#define HARNESS_NETWORK_CELL_NETWORK_H

#include "harness/network/process.h"
#include "refgw/base/address.h"

#include <stdio.h>

enum { CELL_NAME_SIZE = 48 };

// In the order in which packets pass them from west to east.
enum cell_role {
    CELL_WEST_LAN,
    CELL_WEST,
    CELL_WEST_NATGW,
    CELL_WAN,
    CELL_EAST_NATGW,
    CELL_EAST,
    CELL_EAST_LAN,
    CELL_ROLE_COUNT,
};

enum cell_side {
    CELL_SIDE_WEST,
    CELL_SIDE_EAST,
};

struct cell_network_options {
    unsigned number; // of the cell in this run; with our PID it makes the names unique
    bool west_nat;
    bool east_nat;
    bool ipv6; // false: IPv6 is switched off in every namespace
};

// A plain value that can be copied; a zeroed one is a network that was never built.
struct cell_network {
    struct cell_network_options options;
    pid_t owner;
    bool is_built; // also after a build that failed half way, until it is removed
};

// Addresses of one side as text. The strings are constants.
struct cell_addresses {
    const char *wan;         // the gateway as the other side sees it: "192.0.2.1"
    const char *gateway;     // the gateway's own address on wan0; differs from `wan` behind NAT
    const char *next_hop;    // where the gateway's default route goes
    const char *lan;         // the protected network: "203.0.113.0/26"
    const char *lan_gateway; // the gateway's address in it
    const char *lan_host;    // the host in it
};

// Builds everything, in well under half a second. Takes away first what an earlier run that had
// our PID left under the same names. False with one sentence in `out_error`; whatever was made is
// removed again.
MUST_USE bool cell_network_build(const struct cell_network_options *options,
                                 struct cell_network *out_network, char out_error[LAB_ERROR_SIZE]);
// Kills every process that is still in one of the namespaces and removes the namespaces with all
// links. Idempotent; accepts a zeroed network. False when a namespace is still there afterwards.
bool cell_network_remove(struct cell_network *network);
// Whether the cell has this namespace (the natgw ones exist only with NAT).
MUST_USE bool cell_network_has(const struct cell_network_options *options, enum cell_role role);
// "ikl-PID-N-west-lan".
void cell_network_name(const struct cell_network *network, enum cell_role role,
                       char out_name[CELL_NAME_SIZE]);
// "west-lan", "west", "west-natgw", "wan", ...
const char *cell_role_name(enum cell_role role);
// `family` is ADDRESS_IPV4 or ADDRESS_IPV6.
struct cell_addresses cell_network_addresses(const struct cell_network_options *options,
                                             enum cell_side side, enum address_family family);
// What an engineer would type to build the same network by hand, one command a line.
void cell_network_print_commands(const struct cell_network *network, FILE *out);
// Removes the namespaces (and processes in them) of runs whose process no longer lives. Returns
// how many namespaces went.
size_t cell_network_sweep(void);

#endif
