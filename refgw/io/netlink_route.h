// netlink_route.h - brings the tunnel device up and routes protected traffic into it.
//
// Routes stand in a table of our own. A rule sends every packet there that does not carry our
// mark; IKE and ESP sockets set the mark (SO_MARK), so what we send to a peer never enters
// the tunnel, even when a traffic selector covers the peer. Everything is removed at close.
#ifndef REFGW_IO_NETLINK_ROUTE_H
#define REFGW_IO_NETLINK_ROUTE_H

#include "refgw/io/problem.h"
#include "refgw/sa/selector_set.h"

struct netlink_route;

struct netlink_route_setup {
    int tun_index;
    uint32_t tun_mtu;  // bytes
    uint32_t table;    // of our routes
    uint32_t priority; // of the rule
    uint32_t mark;
};

// NULL with the reason in out_problem; nothing is left behind then.
MUST_USE struct netlink_route *netlink_route_open(const struct netlink_route_setup *setup,
                                                  struct problem *out_problem);
// Removes routes and rules.
void netlink_route_close(struct netlink_route *routing); // accepts NULL

// Routes the remote selectors into the tunnel. Traffic of this gateway itself goes out from
// an own address inside the local selectors when there is one. A local selector inside a
// remote one keeps its ordinary route.
MUST_USE bool netlink_route_add_policy(struct netlink_route *routing,
                                       const struct selector_set *local,
                                       const struct selector_set *remote,
                                       struct problem *out_problem);

#endif
