// packet_fields.h - what selectors look at in an inner IP packet (RFC 4301, section 4.4.1.1).
#ifndef REFGW_ESP_PACKET_FIELDS_H
#define REFGW_ESP_PACKET_FIELDS_H

#include "refgw/base/address.h"

struct packet_fields {
    struct ip_address source;
    struct ip_address destination;
    uint8_t ip_protocol; // of the upper layer, behind IPv6 extension headers
    // Ports of TCP, UDP, SCTP, DCCP and UDP-Lite; ICMP type * 256 + code in both. False when
    // the packet does not show them: other protocols, fragments after the first, cut short.
    bool has_ports;
    uint16_t source_port;
    uint16_t destination_port;
    size_t ip_size; // what the IP header says, at most the packet's size
};

// False when it is not a whole IPv4 or IPv6 packet. Bytes behind it are no fault.
MUST_USE bool packet_fields_read(struct byte_view packet, struct packet_fields *out_fields);

#endif
