// cell_plan.h - everything a cell's network consists of, as a list of commands.
//
// The same list is carried out by cell_network_build() and printed for people, so the two
// cannot differ.
#ifndef HARNESS_NETWORK_CELL_PLAN_H
#define HARNESS_NETWORK_CELL_PLAN_H

#include "harness/network/cell_network.h"

enum { CELL_MOST_COMMANDS = 256, CELL_COMMAND_SIZE = 256 };

enum cell_tool {
    CELL_TOOL_NETNS,   // ip: arguments, where the caller is
    CELL_TOOL_SYSCTL,  // "net.ipv4.ip_forward=1"
    CELL_TOOL_LINK,    // ip: arguments; makes a pair of interfaces in two namespaces
    CELL_TOOL_OFFLOAD, // name of an interface that shall get no help from (pretended) hardware
    CELL_TOOL_IP,      // ip: arguments
    CELL_TOOL_NFT,     // nft: arguments
    CELL_TOOL_CARRIER, // name of an interface that must be running before the cell is ready
};

struct cell_command {
    enum cell_tool tool;
    enum cell_role role; // the namespace it works in; no meaning with CELL_TOOL_NETNS
    char text[CELL_COMMAND_SIZE];
};

// In an order that can be carried out. Commands of one tool and role stand together.
struct cell_plan {
    size_t count;
    struct cell_command commands[CELL_MOST_COMMANDS];
};

void cell_plan_make(const struct cell_network *network, struct cell_plan *out_plan);

#endif
