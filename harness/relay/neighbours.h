// neighbours.h - hardware addresses behind the relay's interfaces, resolved by the kernel.
//
// The kernel does ARP and neighbour discovery; this asks it to (rtnetlink, NTF_USE) and follows
// its table. So any address on the link works, also one that appears later.
#ifndef HARNESS_RELAY_NEIGHBOURS_H
#define HARNESS_RELAY_NEIGHBOURS_H

#include "refgw/base/address.h"

enum { HARDWARE_ADDRESS_SIZE = 6 };

struct neighbours;

// Works on the caller's network namespace. NULL with errno set on failure.
MUST_USE struct neighbours *neighbours_open(void);
void neighbours_close(struct neighbours *neighbours); // accepts NULL
// Readable when the table may have changed; then call neighbours_read().
int neighbours_descriptor(const struct neighbours *neighbours);
void neighbours_read(struct neighbours *neighbours);
// The hardware address, when it is known. Otherwise the kernel is asked to find it, at most a few
// times a second, and false is returned. `now_ms` is any steady clock.
MUST_USE bool neighbours_lookup(struct neighbours *neighbours, unsigned interface_index,
                                const struct ip_address *address, uint64_t now_ms,
                                uint8_t out_hardware[HARDWARE_ADDRESS_SIZE]);

#endif
