// sides.h - which gateway a packet on the WAN comes from.
#ifndef PCAP_SIDES_H
#define PCAP_SIDES_H

#include "refgw/base/address.h"

enum capture_side {
    CAPTURE_SIDE_UNKNOWN,
    CAPTURE_SIDE_WEST,
    CAPTURE_SIDE_EAST,
};

// In a lab capture the addresses tell (docs/LAB.md, "Network"). In any other one, west is
// whoever sent the first IKE or ESP packet and east is whom it was sent to.
struct side_finder {
    struct ip_address west; // ADDRESS_NONE until learned
    struct ip_address east;
};

// Learns from the addresses of an IKE or ESP packet when they are not the lab's.
void side_finder_learn(struct side_finder *finder, const struct ip_address *source,
                       const struct ip_address *destination);
MUST_USE enum capture_side side_of(const struct side_finder *finder,
                                   const struct ip_address *address);
MUST_USE const char *side_name(enum capture_side side); // "west", "east", "?"
MUST_USE enum capture_side side_opposite(enum capture_side side);
// Whether the address belongs to a LAN behind a gateway of the lab: never seen on the WAN in
// the clear.
MUST_USE bool address_is_inner(const struct ip_address *address);
// The gateway in front of an inner address, UNKNOWN for any other.
MUST_USE enum capture_side lan_side_of(const struct ip_address *address);

#endif
