// capture_walk.h - goes through a capture packet by packet in constant memory: link layers
// stripped, IP fragments put together, TCP encapsulation (RFC 9329) taken apart.
#ifndef PCAP_CAPTURE_WALK_H
#define PCAP_CAPTURE_WALK_H

#include "pcap/capture_file.h"
#include "pcap/frames.h"
#include "pcap/ip_fragments.h"
#include "pcap/packet_origin.h"

// One packet, borrowed during the visit. Every frame is visited at least once. The fragment that
// completes a packet is visited as that packet, the ones before it as CARRIED_FRAGMENT. A TCP
// segment is visited once for each message that it completes, or as CARRIED_OTHER.
struct walked_packet {
    const struct capture_frame *frame;
    const struct carried_packet *packet;
    struct packet_origin origin; // without comment
};

// False ends the walk.
typedef bool (*walk_visitor)(void *context, const struct walked_packet *walked);

struct walk_summary {
    unsigned frame_count;
    uint64_t byte_count; // captured
    uint64_t first_time_us;
    uint64_t last_time_us;
    unsigned cut_count; // frames of which the capture kept a part only
    bool has_two_points;
    bool is_complete;           // read to its end without a fault
    struct capture_fault fault; // otherwise: where it broke off
    size_t lost_count;          // IP packets of which fragments are missing
    struct lost_fragments lost[IP_FRAGMENTS_MOST_LOST];
};

// False when the visitor ended it or memory ran out; the summary tells how far it came.
MUST_USE bool capture_walk(struct capture_file *file, walk_visitor visit, void *context,
                           struct walk_summary *out_summary);

#endif
