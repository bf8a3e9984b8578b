#include "pcap/sides.h"

struct lab_network {
    enum capture_side side;
    const char *prefix;
};

static const struct lab_network wan_networks[] = {
    {CAPTURE_SIDE_WEST, "192.0.2.0/24"   },
    {CAPTURE_SIDE_WEST, "2001:db8:a::/64"},
    {CAPTURE_SIDE_EAST, "198.51.100.0/24"},
    {CAPTURE_SIDE_EAST, "2001:db8:b::/64"},
};

static const struct lab_network inner_networks[] = {
    {CAPTURE_SIDE_WEST, "203.0.113.0/26" },
    {CAPTURE_SIDE_WEST, "2001:db8:1::/64"},
    {CAPTURE_SIDE_EAST, "203.0.113.64/26"},
    {CAPTURE_SIDE_EAST, "2001:db8:2::/64"},
};

static bool is_in(const struct ip_address *address, const char *prefix)
{
    struct ip_address first;
    struct ip_address last;
    return prefix_parse(prefix, &first, &last) && first.family == address->family &&
           address_compare(&first, address) <= 0 && address_compare(address, &last) <= 0;
}

static enum capture_side side_in(const struct lab_network *networks, size_t count,
                                 const struct ip_address *address)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(address, networks[i].prefix)) {
            return networks[i].side;
        }
    }
    return CAPTURE_SIDE_UNKNOWN;
}

static enum capture_side lab_side(const struct ip_address *address)
{
    return side_in(wan_networks, sizeof(wan_networks) / sizeof(wan_networks[0]), address);
}

void side_finder_learn(struct side_finder *finder, const struct ip_address *source,
                       const struct ip_address *destination)
{
    if (finder->west.family == ADDRESS_NONE && lab_side(source) == CAPTURE_SIDE_UNKNOWN &&
        lab_side(destination) == CAPTURE_SIDE_UNKNOWN) {
        finder->west = *source;
        finder->east = *destination;
    }
}

enum capture_side side_of(const struct side_finder *finder, const struct ip_address *address)
{
    const enum capture_side side = lab_side(address);
    if (side != CAPTURE_SIDE_UNKNOWN || address->family == ADDRESS_NONE) {
        return side;
    }
    if (address_equals(address, &finder->west)) {
        return CAPTURE_SIDE_WEST;
    }
    return address_equals(address, &finder->east) ? CAPTURE_SIDE_EAST : CAPTURE_SIDE_UNKNOWN;
}

const char *side_name(enum capture_side side)
{
    switch (side) {
    case CAPTURE_SIDE_WEST:
        return "west";
    case CAPTURE_SIDE_EAST:
        return "east";
    case CAPTURE_SIDE_UNKNOWN:
        break;
    }
    return "?";
}

enum capture_side side_opposite(enum capture_side side)
{
    switch (side) {
    case CAPTURE_SIDE_WEST:
        return CAPTURE_SIDE_EAST;
    case CAPTURE_SIDE_EAST:
        return CAPTURE_SIDE_WEST;
    case CAPTURE_SIDE_UNKNOWN:
        break;
    }
    return CAPTURE_SIDE_UNKNOWN;
}

enum capture_side lan_side_of(const struct ip_address *address)
{
    return side_in(inner_networks, sizeof(inner_networks) / sizeof(inner_networks[0]), address);
}

bool address_is_inner(const struct ip_address *address)
{
    return lan_side_of(address) != CAPTURE_SIDE_UNKNOWN;
}
