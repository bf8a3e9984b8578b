// packet_sight.h - what a bystander can see of a packet: IP, UDP, ESP, and the clear IKE header.
//
// RFC 791, 8200, 768, 3948 section 2, 4303 section 2, 7296 section 3.1, 7383 section 2.5. Knows no
// keys. Everything it says is unauthenticated: good enough to choose packets, never to judge them.
#ifndef HARNESS_RELAY_PACKET_SIGHT_H
#define HARNESS_RELAY_PACKET_SIGHT_H

#include "refgw/base/address.h"

enum packet_kind {
    PACKET_OTHER,
    PACKET_IKE,
    PACKET_ESP,
    PACKET_NAT_KEEPALIVE,
};

enum {
    IKE_SA_INIT_NUMBER = 34, // exchange types, as far as a rule can name them
    IKE_AUTH_NUMBER = 35,
    CREATE_CHILD_SA_NUMBER = 36,
    INFORMATIONAL_NUMBER = 37,
    IKE_SESSION_RESUME_NUMBER = 38,
    IKE_INTERMEDIATE_NUMBER = 43,
    IKE_FOLLOWUP_KE_NUMBER = 44,
};

struct ike_sight {
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint8_t exchange;
    bool is_response;
    bool from_initiator; // the original initiator of the IKE SA
    uint32_t message_id;
    uint16_t fragment_number; // from 1; 0: not an IKE fragment
    uint16_t fragment_count;
    struct byte_view message; // from the header on, without a non-ESP marker
};

struct packet_sight {
    enum address_family family;
    uint8_t hop_limit; // or TTL
    uint8_t protocol;  // behind IPv6 extension headers
    struct ip_address source;
    struct ip_address destination;
    struct byte_view packet;  // cut to the length that its IP header states
    size_t transport;         // offset of the header behind IP
    bool is_first_part;       // not a later IP fragment
    struct byte_view payload; // of UDP; without UDP: everything behind IP
    bool is_udp;
    uint16_t source_port;
    uint16_t destination_port;
    enum packet_kind kind;
    struct ike_sight ike; // with PACKET_IKE
    bool has_probe_tag;   // a probe of `ikelab traffic`, in the clear
};

// Looks at a packet that starts with its IP header. False when that header is not whole or, for
// IPv4, its checksum is wrong. Views borrow from `bytes`.
MUST_USE bool packet_look(struct byte_view bytes, struct packet_sight *out_sight);
// IPv6 neighbour and router discovery, the business of one link (RFC 4861).
MUST_USE bool packet_is_neighbour_discovery(const struct packet_sight *sight);

// The internet checksum over a header whose checksum field is in place: 0 when it is right.
MUST_USE uint16_t internet_checksum(struct byte_view bytes);
// RFC 1624, equation 3: the checksum after one 16-bit word changed.
MUST_USE uint16_t checksum_after_change(uint16_t checksum, uint16_t old_word, uint16_t new_word);

#endif
