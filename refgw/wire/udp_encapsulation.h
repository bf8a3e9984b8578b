// udp_encapsulation.h - what travels on UDP port 4500 (RFC 3948, section 2).
#ifndef REFGW_WIRE_UDP_ENCAPSULATION_H
#define REFGW_WIRE_UDP_ENCAPSULATION_H

#include "refgw/base/bytes.h"

enum udp_encapsulation_kind {
    UDP_ENCAPSULATED_IKE,  // four zero bytes stood in front; out_content is behind them
    UDP_ENCAPSULATED_ESP,  // out_content is the whole datagram
    UDP_NAT_KEEPALIVE,     // one byte 0xff
    UDP_ENCAPSULATED_JUNK, // shorter than four bytes
};

enum { NON_ESP_MARKER_SIZE = 4 };

enum udp_encapsulation_kind udp_encapsulation_read(struct byte_view datagram,
                                                   struct byte_view *out_content);

#endif
