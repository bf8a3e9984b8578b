// policy.h - what one gateway wants: its connections, as the engine reads them.
#ifndef REFGW_IKE_POLICY_H
#define REFGW_IKE_POLICY_H

#include "refgw/base/address.h"
#include "refgw/base/clock.h"
#include "refgw/crypto/key_schedule.h"
#include "refgw/ike/policy_certificates.h"
#include "refgw/sa/child_sa.h"

enum {
    POLICY_MOST_PROPOSALS = 16,
    POLICY_MOST_ALTERNATIVES = 16,
    POLICY_MOST_CHILDREN = 64,
    POLICY_ID_SIZE = 256,
};

struct encryption_alternative {
    enum encryption_transform encryption;
    uint16_t key_bits;
};

// Alternatives per transform type, best first. A proposal holds either combined-mode
// ciphers (integrity_count 0) or ciphers that need integrity, never both (RFC 5282, 8).
struct policy_proposal {
    size_t encryption_count;
    struct encryption_alternative encryption[POLICY_MOST_ALTERNATIVES];
    size_t integrity_count;
    enum integrity_transform integrity[POLICY_MOST_ALTERNATIVES];
    size_t prf_count; // IKE only
    enum prf_transform prf[POLICY_MOST_ALTERNATIVES];
    size_t key_exchange_count; // IKE: at least one; child: PFS groups, KE_NONE as "none"
    enum key_exchange_method key_exchange[POLICY_MOST_ALTERNATIVES];
    size_t sequence_count; // child only
    enum sequence_number_transform sequence[2];
};

struct policy_identity {
    enum identification_type type; // 0 in a remote identity: any is accepted
    size_t size;
    uint8_t data[POLICY_ID_SIZE];
};

// When an SA has to go. It is rekeyed a little before. 0: no such limit.
struct policy_lifetime {
    struct duration time;
    uint64_t bytes; // of inner packets, in one direction
    uint64_t packets;
};

struct policy_child {
    char name[SA_NAME_SIZE];
    enum child_sa_mode mode;
    size_t proposal_count;
    struct policy_proposal proposals[POLICY_MOST_PROPOSALS];
    struct selector_set local_selectors;
    struct selector_set remote_selectors;
    uint32_t replay_window;
    bool starts_by_itself; // initiated when the gateway starts
    struct policy_lifetime lifetime;
    bool wants_single_pair; // takes selectors only for one pair of addresses (RFC 7296, 2.9)
};

struct policy_connection {
    char name[SA_NAME_SIZE];
    struct ip_address local_address;  // ADDRESS_NONE: any of ours
    struct ip_address remote_address; // ADDRESS_NONE: any; then only a responder
    uint16_t remote_port;             // where IKE_SA_INIT goes; usually 500
    struct policy_identity local_identity;
    struct policy_identity remote_identity;
    struct secret psk; // unused in a direction that `certificates` has
    struct policy_certificates certificates;
    size_t proposal_count;
    struct policy_proposal proposals[POLICY_MOST_PROPOSALS];
    size_t child_count;
    struct policy_child *children;  // owned
    uint32_t most_children;         // CHILD_SAs under one IKE SA that a peer may make; 0: 256
    struct duration ike_lifetime;   // of an IKE SA, which is rekeyed a little before; 0: no end
    bool forces_encapsulation;      // claim a NAT so that ESP travels in UDP
    struct duration liveness_delay; // silence after which the peer is probed; 0: never
    bool uses_mobike;               // RFC 4555: addresses may change while the SA lives
    bool forbids_nat; // RFC 4555, section 3.9: only with MOBIKE, without NAT traversal
    struct selector_set roaming_ranges; // addresses an initiator may move to; empty: any
};

// How requests are repeated (RFC 7296, section 2.4).
struct policy_retransmission {
    struct duration first_timeout; // until the first repetition
    uint32_t factor_percent;       // each wait is the one before times this / 100
    uint32_t tries;                // repetitions before the SA is given up
};

// IKE messages in fragments (RFC 7383). Sizes are of the IP datagram, header included; what is
// larger travels in fragments when the peer understands them.
struct policy_fragmentation {
    bool is_off; // neither announced nor used
    uint16_t ipv4_size;
    uint16_t ipv6_size;
};

struct ike_policy {
    size_t connection_count;
    struct policy_connection *connections; // owned
    struct policy_retransmission retransmission;
    struct duration half_open_timeout; // a responder's SA that was not authenticated in time
    uint32_t most_half_open;
    uint32_t most_half_open_per_address;
    uint32_t cookie_threshold; // half-open SAs from which on new peers need a cookie; 0: always
    struct policy_fragmentation fragmentation;
    struct duration keepalive_interval; // RFC 3948, section 4; 0: no keepalives
};

// The values a gateway has without configuration.
void ike_policy_init(struct ike_policy *policy);
// Wipes secrets and releases everything below.
void ike_policy_clear(struct ike_policy *policy);

#endif
