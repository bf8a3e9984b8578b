// interface.h - settings of network interfaces that iproute2 has no command for.
//
// With checksum and segmentation offload a veth hands over packets that were never finished:
// checksums missing, sizes beyond the MTU. The relay must see what a real wire would carry.
#ifndef HARNESS_NETWORK_INTERFACE_H
#define HARNESS_NETWORK_INTERFACE_H

#include "refgw/base/bytes.h"

// Transmit checksums, scatter-gather, TSO, GSO (UDP too) and GRO off. Works on the caller's network
// namespace. False with errno set when the interface is missing or refuses.
MUST_USE bool interface_offload_disable(const char *interface);

// Whether the interface is up and has a carrier. A veth whose other end has just come up drops
// packets until the kernel has noticed.
MUST_USE bool interface_is_running(const char *interface);

#endif
