// forwarder.h - the relay's way of a packet: capture, route, impair, resolve, send, capture.
#ifndef HARNESS_RELAY_FORWARDER_H
#define HARNESS_RELAY_FORWARDER_H

#include "harness/relay/delay_queue.h"
#include "harness/relay/impairment.h"
#include "harness/relay/link_port.h"
#include "harness/relay/pcapng_writer.h"
#include "harness/relay/router.h"

enum { FORWARDER_MOST_WAITING = 1024 };

// Numbers of the interfaces in the capture.
enum { CAPTURE_ARRIVED = 0, CAPTURE_LEFT = 1 };

// Counted by the side a packet came from, where there are two.
struct forwarder_counters {
    uint64_t forwarded[RELAY_SIDE_COUNT];     // left on the other side
    uint64_t dropped[RELAY_SIDE_COUNT];       // by a rule
    uint64_t probe_dropped[RELAY_SIDE_COUNT]; // ESP, or probes in the clear, that a rule took out
    uint64_t unroutable;
    uint64_t expired;
    uint64_t malformed;
    uint64_t unresolved; // nobody has the next hop's address
    uint64_t refused;    // by the interface or for lack of memory
};

// Packets of one side that leave together.
struct departure_batch {
    size_t count;
    struct link_departure departures[LINK_PORT_BATCH];
    struct delayed_packet *owned[LINK_PORT_BATCH]; // released after sending; NULL: borrowed
};

// Ports, neighbours, impairment and capture belong to the caller.
struct forwarder {
    struct router router;
    struct link_port *ports[RELAY_SIDE_COUNT];
    struct neighbours *neighbours;
    struct impairment *impairment;
    struct pcapng_writer *capture; // NULL: none
    struct forwarder_counters counters;
    struct delay_queue queue;
    struct departure_batch batches[RELAY_SIDE_COUNT];
    size_t waiting_count; // for their next hop's hardware address, in the order of arrival
    struct delayed_packet *waiting[FORWARDER_MOST_WAITING];
};

// Takes a batch of what has arrived on one side and sends what is to go at once. `now` is the
// monotonic clock.
void forwarder_receive(struct forwarder *forwarder, enum relay_side side, struct instant now);
// Sends what was delayed until now, and what waited for a neighbour that is known now. Gives up
// packets that waited too long.
void forwarder_advance(struct forwarder *forwarder, struct instant now);
// When forwarder_advance() has something to do; false: not before something arrives.
MUST_USE bool forwarder_next(const struct forwarder *forwarder, struct instant *out_due);
// Releases the packets that are still under way.
void forwarder_clear(struct forwarder *forwarder);

#endif
