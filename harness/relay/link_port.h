// link_port.h - one interface of the relay: IP packets in and out in batches (AF_PACKET).
#ifndef HARNESS_RELAY_LINK_PORT_H
#define HARNESS_RELAY_LINK_PORT_H

#include "harness/relay/neighbours.h"

enum { LINK_PORT_BATCH = 64 };

// An IP packet that arrived for the relay's hardware address.
struct link_arrival {
    uint8_t *bytes; // may be changed; valid until the next link_port_receive()
    size_t size;
    uint64_t time_ns; // CLOCK_REALTIME, from the kernel
};

struct link_departure {
    struct byte_view packet;
    uint8_t hardware[HARDWARE_ADDRESS_SIZE]; // where to
};

struct link_port;

// Opens the interface of the caller's namespace. NULL with errno set on failure.
MUST_USE struct link_port *link_port_open(const char *interface);
void link_port_close(struct link_port *port); // accepts NULL
int link_port_descriptor(const struct link_port *port);
unsigned link_port_interface_index(const struct link_port *port);
// Takes what has arrived, without waiting. Returns how many; the array belongs to the port.
MUST_USE size_t link_port_receive(struct link_port *port, const struct link_arrival **out_arrivals);
// Sends up to LINK_PORT_BATCH packets. Sets `out_sent[i]` for those the interface took.
void link_port_send(struct link_port *port, const struct link_departure *departures, size_t count,
                    bool *out_sent);
// Packets that the kernel had to throw away on the way in, since the start: nobody was fast enough.
uint64_t link_port_overruns(struct link_port *port);

#endif
