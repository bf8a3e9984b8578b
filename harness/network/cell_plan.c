#include "harness/network/cell_plan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// When a row of a table below is part of a cell.
enum part_condition {
    PART_ALWAYS,
    PART_WITHOUT_NAT,
    PART_WITH_NAT,
};

struct plan_interface {
    enum cell_role role;
    enum part_condition condition;
    const char *name;
    const char *ipv4;
    const char *ipv6;
};

// docs/LAB.md, "Network".
static const struct plan_interface interfaces[] = {
    {CELL_WEST_LAN,   PART_ALWAYS,      "lan0",  "203.0.113.2/26",    "2001:db8:1::2/64"  },
    {CELL_WEST,       PART_ALWAYS,      "lan0",  "203.0.113.1/26",    "2001:db8:1::1/64"  },
    {CELL_WEST,       PART_WITHOUT_NAT, "wan0",  "192.0.2.1/24",      "2001:db8:a::1/64"  },
    {CELL_WEST,       PART_WITH_NAT,    "wan0",  "203.0.113.129/26",  "2001:db8:a1::1/64" },
    {CELL_WEST_NATGW, PART_WITH_NAT,    "in0",   "203.0.113.190/26",  "2001:db8:a1::fe/64"},
    {CELL_WEST_NATGW, PART_WITH_NAT,    "out0",  "192.0.2.1/24",      "2001:db8:a::1/64"  },
    {CELL_WAN,        PART_ALWAYS,      "west0", "192.0.2.254/24",    "2001:db8:a::fe/64" },
    {CELL_WAN,        PART_ALWAYS,      "east0", "198.51.100.254/24", "2001:db8:b::fe/64" },
    {CELL_EAST_NATGW, PART_WITH_NAT,    "out0",  "198.51.100.1/24",   "2001:db8:b::1/64"  },
    {CELL_EAST_NATGW, PART_WITH_NAT,    "in0",   "203.0.113.254/26",  "2001:db8:b1::fe/64"},
    {CELL_EAST,       PART_WITHOUT_NAT, "wan0",  "198.51.100.1/24",   "2001:db8:b::1/64"  },
    {CELL_EAST,       PART_WITH_NAT,    "wan0",  "203.0.113.193/26",  "2001:db8:b1::1/64" },
    {CELL_EAST,       PART_ALWAYS,      "lan0",  "203.0.113.65/26",   "2001:db8:2::1/64"  },
    {CELL_EAST_LAN,   PART_ALWAYS,      "lan0",  "203.0.113.66/26",   "2001:db8:2::2/64"  },
};

enum { INTERFACE_COUNT = sizeof(interfaces) / sizeof(interfaces[0]) };

struct plan_end {
    enum cell_role role;
    const char *interface;
};

struct plan_link {
    enum part_condition condition;
    struct plan_end west;
    struct plan_end east;
};

static const struct plan_link links[] = {
    {PART_ALWAYS,      {CELL_WEST_LAN, "lan0"},   {CELL_WEST, "lan0"}      },
    {PART_WITHOUT_NAT, {CELL_WEST, "wan0"},       {CELL_WAN, "west0"}      },
    {PART_WITH_NAT,    {CELL_WEST, "wan0"},       {CELL_WEST_NATGW, "in0"} },
    {PART_WITH_NAT,    {CELL_WEST_NATGW, "out0"}, {CELL_WAN, "west0"}      },
    {PART_WITHOUT_NAT, {CELL_WAN, "east0"},       {CELL_EAST, "wan0"}      },
    {PART_WITH_NAT,    {CELL_WAN, "east0"},       {CELL_EAST_NATGW, "out0"}},
    {PART_WITH_NAT,    {CELL_EAST_NATGW, "in0"},  {CELL_EAST, "wan0"}      },
    {PART_ALWAYS,      {CELL_EAST, "lan0"},       {CELL_EAST_LAN, "lan0"}  },
};

enum { LINK_COUNT = sizeof(links) / sizeof(links[0]) };

struct plan_route {
    enum cell_role role;
    enum part_condition condition;
    const char *ipv4; // next hop of the default route
    const char *ipv6;
};

static const struct plan_route routes[] = {
    {CELL_WEST_LAN,   PART_ALWAYS,      "203.0.113.1",    "2001:db8:1::1"  },
    {CELL_WEST,       PART_WITHOUT_NAT, "192.0.2.254",    "2001:db8:a::fe" },
    {CELL_WEST,       PART_WITH_NAT,    "203.0.113.190",  "2001:db8:a1::fe"},
    {CELL_WEST_NATGW, PART_WITH_NAT,    "192.0.2.254",    "2001:db8:a::fe" },
    {CELL_EAST_NATGW, PART_WITH_NAT,    "198.51.100.254", "2001:db8:b::fe" },
    {CELL_EAST,       PART_WITHOUT_NAT, "198.51.100.254", "2001:db8:b::fe" },
    {CELL_EAST,       PART_WITH_NAT,    "203.0.113.254",  "2001:db8:b1::fe"},
    {CELL_EAST_LAN,   PART_ALWAYS,      "203.0.113.65",   "2001:db8:2::1"  },
};

enum { ROUTE_COUNT = sizeof(routes) / sizeof(routes[0]) };

// Switched the same way in every namespace. IPv6 addresses must be usable at once, so there is no
// duplicate address detection; nothing may be learned from the network either.
static const char *const common_sysctls[] = {
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.accept_redirects=0",
    "net.ipv4.conf.default.accept_redirects=0",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.default.accept_ra=0",
    "net.ipv6.conf.default.accept_redirects=0",
    "net.ipv6.conf.default.router_solicitations=0",
};

enum { COMMON_SYSCTL_COUNT = sizeof(common_sysctls) / sizeof(common_sysctls[0]) };

// A NAT that rewrites the source port of everything, 500 and 4500 too, and lets nothing in that
// was not asked for.
static const char *const nat_rules[] = {
    "add table inet ikelab",
    "add chain inet ikelab nat { type nat hook postrouting priority srcnat ; }",
    "add rule inet ikelab nat oifname out0 meta l4proto { tcp, udp } masquerade to :20000-60999",
    "add rule inet ikelab nat oifname out0 masquerade",
    "add chain inet ikelab through { type filter hook forward priority filter ; policy drop ; }",
    "add rule inet ikelab through iifname in0 accept",
    "add rule inet ikelab through ct state established,related accept",
    "add chain inet ikelab itself { type filter hook input priority filter ; policy drop ; }",
    "add rule inet ikelab itself iifname { lo, in0 } accept",
    "add rule inet ikelab itself meta l4proto { icmp, ipv6-icmp } accept",
    "add rule inet ikelab itself ct state established,related accept",
};

enum { NAT_RULE_COUNT = sizeof(nat_rules) / sizeof(nat_rules[0]) };

static bool has_nat(const struct cell_network_options *options, enum cell_role role)
{
    return role < CELL_WAN ? options->west_nat : options->east_nat;
}

static bool applies(const struct cell_network_options *options, enum cell_role role,
                    enum part_condition condition)
{
    return condition == PART_ALWAYS || has_nat(options, role) == (condition == PART_WITH_NAT);
}

static bool link_applies(const struct cell_network_options *options, const struct plan_link *link)
{
    const enum cell_role role = link->west.role == CELL_WAN ? link->east.role : link->west.role;
    return applies(options, role, link->condition);
}

__attribute__((format(printf, 4, 5))) static void add(struct cell_plan *plan, enum cell_tool tool,
                                                      enum cell_role role, const char *format, ...)
{
    va_list arguments;
    assert(plan->count < CELL_MOST_COMMANDS);
    struct cell_command *command = &plan->commands[plan->count++];
    command->tool = tool;
    command->role = role;
    va_start(arguments, format);
    (void)vsnprintf(command->text, sizeof(command->text), format, arguments);
    va_end(arguments);
}

static void add_sysctls(struct cell_plan *plan, const struct cell_network_options *options,
                        enum cell_role role)
{
    const bool forwards = role == CELL_WEST || role == CELL_EAST || role == CELL_WEST_NATGW ||
                          role == CELL_EAST_NATGW;
    // Forwarding comes first: changing it resets other switches.
    add(plan, CELL_TOOL_SYSCTL, role, "net.ipv4.ip_forward=%d", forwards);
    add(plan, CELL_TOOL_SYSCTL, role, "net.ipv6.conf.all.forwarding=%d", forwards);
    for (size_t i = 0; i < COMMON_SYSCTL_COUNT; i++) {
        add(plan, CELL_TOOL_SYSCTL, role, "%s", common_sysctls[i]);
    }
    add(plan, CELL_TOOL_SYSCTL, role, "net.ipv6.conf.all.disable_ipv6=%d", !options->ipv6);
    add(plan, CELL_TOOL_SYSCTL, role, "net.ipv6.conf.default.disable_ipv6=%d", !options->ipv6);
}

// A fixed hardware address per end, so that two runs of a cell look the same on the wire.
static unsigned end_number(const struct plan_end *end)
{
    for (unsigned i = 0; i < INTERFACE_COUNT; i++) {
        if (interfaces[i].role == end->role && strcmp(interfaces[i].name, end->interface) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void add_link(struct cell_plan *plan, const struct cell_network *network,
                     const struct plan_link *link)
{
    char west[CELL_NAME_SIZE];
    char east[CELL_NAME_SIZE];
    cell_network_name(network, link->west.role, west);
    cell_network_name(network, link->east.role, east);
    // Made from inside `wan`, where no interface of the user's can have the same name.
    add(plan, CELL_TOOL_LINK, CELL_WAN,
        "link add name %s address 02:00:00:00:00:%02x netns %s "
        "type veth peer name %s address 02:00:00:00:00:%02x netns %s",
        link->west.interface, end_number(&link->west), west, link->east.interface,
        end_number(&link->east), east);
}

static void add_addresses(struct cell_plan *plan, const struct cell_network_options *options,
                          enum cell_role role)
{
    add(plan, CELL_TOOL_IP, role, "link set dev lo up");
    for (size_t i = 0; i < INTERFACE_COUNT; i++) {
        const struct plan_interface *interface = &interfaces[i];
        if (interface->role != role || !applies(options, role, interface->condition)) {
            continue;
        }
        add(plan, CELL_TOOL_IP, role, "address add %s dev %s", interface->ipv4, interface->name);
        if (options->ipv6) {
            add(plan, CELL_TOOL_IP, role, "address add %s dev %s nodad", interface->ipv6,
                interface->name);
        }
        add(plan, CELL_TOOL_IP, role, "link set dev %s up", interface->name);
    }
}

static void add_routes(struct cell_plan *plan, const struct cell_network_options *options,
                       enum cell_role role)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (routes[i].role != role || !applies(options, role, routes[i].condition)) {
            continue;
        }
        add(plan, CELL_TOOL_IP, role, "route add default via %s", routes[i].ipv4);
        if (options->ipv6) {
            add(plan, CELL_TOOL_IP, role, "route add default via %s", routes[i].ipv6);
        }
    }
}

// One command of a tool that takes the name of an interface, for each that the role has.
static void add_interfaces(struct cell_plan *plan, const struct cell_network_options *options,
                           enum cell_role role, enum cell_tool tool)
{
    for (size_t i = 0; i < INTERFACE_COUNT; i++) {
        if (interfaces[i].role == role && applies(options, role, interfaces[i].condition)) {
            add(plan, tool, role, "%s", interfaces[i].name);
        }
    }
}

static void add_inside(struct cell_plan *plan, const struct cell_network_options *options,
                       enum cell_role role)
{
    add_interfaces(plan, options, role, CELL_TOOL_OFFLOAD);
    add_addresses(plan, options, role);
    add_routes(plan, options, role);
    if (role != CELL_WEST_NATGW && role != CELL_EAST_NATGW) {
        return;
    }
    for (size_t i = 0; i < NAT_RULE_COUNT; i++) {
        add(plan, CELL_TOOL_NFT, role, "%s", nat_rules[i]);
    }
}

void cell_plan_make(const struct cell_network *network, struct cell_plan *out_plan)
{
    const struct cell_network_options *options = &network->options;
    char name[CELL_NAME_SIZE];
    out_plan->count = 0;
    for (int role = 0; role < CELL_ROLE_COUNT; role++) {
        if (cell_network_has(options, (enum cell_role)role)) {
            cell_network_name(network, (enum cell_role)role, name);
            add(out_plan, CELL_TOOL_NETNS, (enum cell_role)role, "netns add %s", name);
        }
    }
    for (int role = 0; role < CELL_ROLE_COUNT; role++) {
        if (cell_network_has(options, (enum cell_role)role)) {
            add_sysctls(out_plan, options, (enum cell_role)role);
        }
    }
    for (size_t i = 0; i < LINK_COUNT; i++) {
        if (link_applies(options, &links[i])) {
            add_link(out_plan, network, &links[i]);
        }
    }
    for (int role = 0; role < CELL_ROLE_COUNT; role++) {
        if (cell_network_has(options, (enum cell_role)role)) {
            add_inside(out_plan, options, (enum cell_role)role);
        }
    }
    for (int role = 0; role < CELL_ROLE_COUNT; role++) {
        if (cell_network_has(options, (enum cell_role)role)) {
            add_interfaces(out_plan, options, (enum cell_role)role, CELL_TOOL_CARRIER);
        }
    }
}
