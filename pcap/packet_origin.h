// packet_origin.h - when, where and between whom a packet of a capture travelled.
#ifndef PCAP_PACKET_ORIGIN_H
#define PCAP_PACKET_ORIGIN_H

#include "pcap/sides.h"

// Where a packet was seen. The relay writes what arrives and what leaves apart.
enum capture_point {
    POINT_ONLY, // a capture from a single place
    POINT_ARRIVED,
    POINT_LEFT,
};

enum { CAPTURE_POINT_COUNT = 3 };

// What every packet has. Nothing borrowed.
struct packet_origin {
    unsigned frame;
    uint64_t time_us;
    enum capture_point point;
    enum capture_side from; // by its source address
    struct ip_endpoint source;
    struct ip_endpoint destination;
    bool is_udp_encapsulated; // behind port 4500, or a port used like it
    bool is_tcp_encapsulated; // RFC 9329
    bool is_reassembled;      // came in IP fragments; `frame` is the one that completed it
    char *comment;            // owned; of the relay: which rule did what; NULL without
};

MUST_USE const char *capture_point_name(enum capture_point point); // "arrived", "left", "only"

#endif
