// simulated_network.h - two engines, a line of nodes between them, and a clock that only moves
// when a test says so.
//
//   west - node 0 - node 1 - ... - east
//
// A datagram from west passes the nodes in that order, one from east the other way round. A
// node may drop it, double it, hold it back or rewrite it.
#ifndef REFGW_TESTS_SIMULATED_NETWORK_H
#define REFGW_TESTS_SIMULATED_NETWORK_H

#include "refgw/ike/engine.h"

enum {
    WEST = 0,
    EAST = 1,
    NETWORK_HOSTS = 2,
    NETWORK_MOST_NODES = 6,
    NETWORK_MOST_FLIGHTS = 64,
    NETWORK_MOST_SENT = 512,
    NETWORK_MOST_CHILDREN = 16,
    NETWORK_MOST_REPORTS = 512,
    DATAGRAM_MOST = 4096,
};

struct flight {
    unsigned sender; // WEST or EAST
    unsigned number; // counts that sender's datagrams from 1
    struct ip_endpoint source;
    struct ip_endpoint destination;
    uint8_t bytes[DATAGRAM_MOST];
    size_t size;
    struct instant arrival;
};

enum node_verdict {
    NODE_FORWARD,
    NODE_DROP,
    NODE_DOUBLE, // the second one arrives a millisecond later
};

struct network_node {
    enum node_verdict (*pass)(void *context, struct flight *flight);
    void *context;
};

// A datagram as its sender let go of it.
struct sent_datagram {
    unsigned sender;
    struct instant when;
    struct network_path path;
    uint8_t *bytes;
    size_t size;
};

struct told_report {
    enum ike_report_kind kind;
    const char *reason;
    struct instant when;
};

struct simulated_host {
    struct ike_engine *engine; // owned
    struct child_sa children[NETWORK_MOST_CHILDREN];
    size_t child_count;
    unsigned installed; // ever
    unsigned removed;
    unsigned moved;
    unsigned keys_logged;
    unsigned sent;
    unsigned faults; // actions that contradict each other
    struct told_report reports[NETWORK_MOST_REPORTS];
    size_t report_count;
};

// Sees every action of every engine before the network acts on it.
struct network_observer {
    void (*observe)(void *context, unsigned host, const struct ike_action *action);
    void *context;
};

struct simulated_network {
    struct instant now;
    struct duration delay; // one way
    struct simulated_host hosts[NETWORK_HOSTS];
    struct network_node nodes[NETWORK_MOST_NODES];
    size_t node_count;
    struct flight flights[NETWORK_MOST_FLIGHTS];
    size_t flight_count;
    struct sent_datagram sent[NETWORK_MOST_SENT];
    size_t sent_count;
    struct ip_address addresses[NETWORK_HOSTS];
    struct ip_address more_addresses[NETWORK_HOSTS]; // family ADDRESS_NONE: a host has only one
    struct network_observer observer;                // observe NULL: nobody looks
};

void simulated_network_init(struct simulated_network *network, const char *west, const char *east);
void simulated_network_clear(struct simulated_network *network); // frees the engines too
void simulated_network_add_node(struct simulated_network *network,
                                enum node_verdict (*pass)(void *context, struct flight *flight),
                                void *context);
// Lets time pass until `length` is over: delivers, wakes, drains.
void simulated_network_run(struct simulated_network *network, struct duration length);
// Fetches all actions of one host; needed after calling its engine directly.
void simulated_network_drain(struct simulated_network *network, unsigned host);
// Hands bytes to a host's engine as if they had come on `path`, and drains.
void simulated_network_inject(struct simulated_network *network, unsigned host,
                              const struct network_path *path, struct byte_view bytes);
// The `index`-th datagram a host ever sent, from 0; NULL behind the last.
const struct sent_datagram *simulated_network_sent(const struct simulated_network *network,
                                                   unsigned host, size_t index);
size_t simulated_host_reports(const struct simulated_host *host, enum ike_report_kind kind,
                              const char *reason); // reason NULL: any
// Whether every CHILD_SA of one host has its counterpart on the other: SPIs, keys, selectors.
bool simulated_network_children_pair_up(const struct simulated_network *network);

#endif
