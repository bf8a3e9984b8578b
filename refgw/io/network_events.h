// network_events.h - which addresses this machine has, and word when addresses, links or routes
// change (rtnetlink(7)).
#ifndef REFGW_IO_NETWORK_EVENTS_H
#define REFGW_IO_NETWORK_EVENTS_H

#include "refgw/base/address.h"
#include "refgw/io/problem.h"

// A descriptor, non-blocking, readable when something has changed; -1 with the reason in
// out_problem. close() it.
MUST_USE int network_events_open(struct problem *out_problem);
// Reads everything there is. Which of it changed is for the caller to look up.
void network_events_drain(int descriptor);

// The addresses that packets to other machines can leave from: of interfaces that are up, without
// loopback, link-local addresses and the interface `without_interface`. Returns how many there
// are, `capacity` at most.
MUST_USE size_t network_own_addresses(const char *without_interface, struct ip_address *out_list,
                                      size_t capacity);

#endif
