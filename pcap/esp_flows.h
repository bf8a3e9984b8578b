// esp_flows.h - what can be told about ESP from outside, per SA, in constant memory.
#ifndef PCAP_ESP_FLOWS_H
#define PCAP_ESP_FLOWS_H

#include "pcap/esp_decoder.h"
#include "pcap/packet_origin.h"

enum {
    ESP_MOST_FLOWS = 1024,
    FLOW_WINDOW_BITS = 4096,
    FLOW_SIZE_STEP = 16, // bytes per bucket
    FLOW_SIZE_BUCKETS = 128,
    FLOW_COMMON_WINDOW = 64, // the replay window that most products start with
};

// One SPI in one direction at one capture point.
struct esp_flow {
    bool is_used;
    enum capture_point point;
    uint32_t spi;
    struct packet_origin first; // of its first packet
    unsigned last_frame;
    uint64_t last_time_us;
    uint64_t packet_count;
    uint64_t byte_count;
    bool is_udp_encapsulated;
    bool is_tcp_encapsulated;
    uint64_t first_sequence; // the lowest
    uint64_t highest_sequence;
    uint64_t distinct_count; // sequence numbers seen
    uint64_t seen[FLOW_WINDOW_BITS / 64];
    uint64_t repeated_count;
    unsigned repeated_frame; // the first one that came twice
    uint64_t late_count;     // behind a window of 64
    unsigned late_frame;
    unsigned gap_frame; // the first packet behind a gap
    uint32_t sizes[FLOW_SIZE_BUCKETS];
    uint64_t opened_count;
    uint64_t not_authentic_count;
    unsigned not_authentic_frame;
    // Large packets that come ever more slowly, as TCP repeats what nobody acknowledges.
    size_t large_size;
    uint64_t large_time_us;
    uint64_t large_gap_us;
    unsigned backoff_count;
    unsigned most_backoff;
    unsigned backoff_frame;
};

struct esp_flows {
    size_t count;
    uint64_t dropped_count;                    // packets of flows beyond the last place
    struct esp_flow *last;                     // of the packet before
    struct esp_flow table[2 * ESP_MOST_FLOWS]; // by hash
};

void esp_flows_add(struct esp_flows *flows, const struct packet_origin *origin,
                   const struct esp_packet *packet);
// Sequence numbers between the first and the highest that never came.
MUST_USE uint64_t esp_flow_lost(const struct esp_flow *flow);

#endif
