// frames.h - from a captured frame to what it carries for IPsec: IKE, ESP, a keepalive.
#ifndef PCAP_FRAMES_H
#define PCAP_FRAMES_H

#include "pcap/capture_file.h"
#include "refgw/base/address.h"

enum carried_kind {
    CARRIED_IKE,       // content starts with the IKE header
    CARRIED_ESP,       // content starts with the SPI
    CARRIED_KEEPALIVE, // NAT keepalive, RFC 3948 section 2.3
    CARRIED_FRAGMENT,  // an IP fragment; content is what it carries, not looked at
    CARRIED_OTHER,     // IP, but none of these; content is the IP payload
    CARRIED_NOT_IP,    // ARP and the like, or a link type that is not known here
    CARRIED_MALFORMED, // lengths contradict each other, or the capture cut the packet
};

// Points into the frame.
struct carried_packet {
    enum carried_kind kind;
    struct ip_endpoint source;      // ports are 0 where the protocol has none
    struct ip_endpoint destination; //
    uint8_t ip_protocol;            // behind IPv6 extension headers
    bool is_udp_encapsulated;       // travelled on port 4500
    struct byte_view ip_packet;     // from the IP header to the end of the IP packet
    struct byte_view content;
    const char *problem; // of a malformed one, a constant sentence; else NULL
    // Of a fragment:
    uint32_t fragment_id;
    size_t fragment_offset; // bytes
    bool has_more_fragments;
};

void frame_read(const struct capture_frame *frame, struct carried_packet *out_packet);
// The same for bytes that start with an IP header: what ESP in tunnel mode carries.
void ip_packet_read(struct byte_view bytes, struct carried_packet *out_packet);
// The same for what an ICMP message quotes: only the beginning of a packet. Addresses, protocol and
// ports are filled in as far as they are there; the kind says nothing.
void ip_quote_read(struct byte_view bytes, struct carried_packet *out_packet);
MUST_USE const char *carried_kind_name(enum carried_kind kind); // "ike", "esp", "keepalive" ...

#endif
