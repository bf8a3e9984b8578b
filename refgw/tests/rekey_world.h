// rekey_world.h - an ike_pair under traffic, with a gate that holds messages: what tests of rekeys
// and their collisions start from.
#ifndef REFGW_TESTS_REKEY_WORLD_H
#define REFGW_TESTS_REKEY_WORLD_H

#include "refgw/tests/ike_pair.h"

enum {
    WORLD_MOST_HELD = 32,
    WORLD_MOST_PROBES = 64, // on their way
};

// A packet of the traffic.
struct world_probe {
    unsigned sender;
    uint32_t spi;
    struct instant arrival;
};

struct rekey_world {
    struct ike_pair *pair;
    bool holds[NETWORK_HOSTS]; // datagrams of that sender wait
    bool loses[NETWORK_HOSTS]; // or are lost
    struct flight held[WORLD_MOST_HELD];
    size_t held_count;
    bool has_traffic; // a packet each way every millisecond
    struct world_probe probes[WORLD_MOST_PROBES];
    size_t probe_count;
    unsigned sent;
    unsigned unsent; // no CHILD_SA to send it on
    unsigned lost;   // the receiver has no CHILD_SA for it
};

// Policies may be changed before rekey_world_start(), which brings the connection up from west and
// lets the traffic begin.
struct rekey_world *rekey_world_new(void);
void rekey_world_start(struct rekey_world *world);
void rekey_world_free(struct rekey_world *world);
void rekey_world_run(struct rekey_world *world, unsigned milliseconds);
// Lets go what one sender's gate holds, in order, and opens it.
void rekey_world_release(struct rekey_world *world, unsigned sender);
// Lets go only the oldest one of that sender; the gate stays as it is.
void rekey_world_release_one(struct rekey_world *world, unsigned sender);
// Loses what one sender's gate holds, and opens it.
void rekey_world_lose_held(struct rekey_world *world, unsigned sender);
size_t rekey_world_held(const struct rekey_world *world, unsigned sender);

// Commands that must be accepted.
void rekey_world_rekey_child(struct rekey_world *world, unsigned host);
void rekey_world_rekey_ike(struct rekey_world *world, unsigned host);
void rekey_world_down(struct rekey_world *world, unsigned host, const char *child);

// Whether both ends have one established IKE SA of this generation and the same SPIs, and
// `children` CHILD_SAs under it that pair up; nothing contradicted itself.
bool rekey_world_is_settled(const struct rekey_world *world, uint32_t generation, size_t children);
// The SPI a host receives on, of its newest CHILD_SA; 0: none.
uint32_t rekey_world_inbound_spi(const struct rekey_world *world, unsigned host);
uint64_t rekey_world_ike_spi(const struct rekey_world *world, unsigned host);
size_t rekey_world_closed(const struct rekey_world *world, unsigned host, const char *reason);

#endif
