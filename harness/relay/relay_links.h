// relay_links.h - what the kernel knows about the relay's own addresses.
#ifndef HARNESS_RELAY_RELAY_LINKS_H
#define HARNESS_RELAY_RELAY_LINKS_H

#include "harness/relay/router.h"

// Tells the router the addresses that an interface of the caller's namespace has, and the networks
// around them. False when they cannot be read or are too many.
MUST_USE bool router_learn_links(struct router *router, enum relay_side side,
                                 const char *interface);

#endif
