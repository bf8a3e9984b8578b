// traffic_meter.h - what the receiving end finds out about a stream of probes.
//
// Reads no clock and no socket. A gap is a stretch without a new datagram within one burst that
// is longer than TRAFFIC_GAP_INTERVALS sending intervals; duplicates do not end a gap. What is missing
// before the first and after the last datagram of a burst only the sender's report can tell.
#ifndef HARNESS_TRAFFIC_TRAFFIC_METER_H
#define HARNESS_TRAFFIC_TRAFFIC_METER_H

#include "harness/traffic/probe_packet.h"

enum {
    TRAFFIC_GAP_INTERVALS = 10,
    TRAFFIC_MOST_GAPS = 1000,  // further ones are not listed, but still measured
    TRAFFIC_MOST_BURSTS = 256, // later ones are counted with the last
    LATENCY_SUB_BUCKETS = 32,  // per power of two: 3 % resolution
    LATENCY_BUCKETS = 64 * LATENCY_SUB_BUCKETS,
};

struct traffic_span {
    uint64_t from_us; // CLOCK_REALTIME
    uint64_t to_us;
};

// One `on` .. `off`, as one end saw it. `count` 0: saw nothing.
struct traffic_burst {
    uint64_t count;
    uint64_t first_us;
    uint64_t last_us;
};

struct traffic_meter {
    uint64_t interval_us;
    uint64_t received; // without duplicates
    uint64_t duplicated;
    uint64_t reordered; // behind a later one: RFC 4737 section 3.3
    uint64_t first_us;
    uint64_t last_us;
    uint64_t longest_gap_us; // also below the limit for a gap
    uint64_t gap_started_us;
    size_t gap_count;
    struct traffic_span gaps[TRAFFIC_MOST_GAPS];
    size_t burst_count;
    struct traffic_burst bursts[TRAFFIC_MOST_BURSTS];
    uint64_t next_sequence; // above everything received
    uint8_t *seen;          // one bit a sequence number
    size_t seen_size;
    uint64_t latencies[LATENCY_BUCKETS];
};

// NULL when memory runs out.
MUST_USE struct traffic_meter *traffic_meter_new(uint64_t interval_us);
void traffic_meter_free(struct traffic_meter *meter); // accepts NULL
// Takes one probe that arrived at `arrived_ns` of CLOCK_REALTIME. A sequence number beyond what
// can be remembered is ignored.
void traffic_meter_take(struct traffic_meter *meter, const struct probe_packet *packet,
                        uint64_t arrived_ns);
// The latency in microseconds below which `per_mille` of the datagrams stayed; 0 without any.
MUST_USE uint64_t traffic_meter_latency_us(const struct traffic_meter *meter, unsigned per_mille);

#endif
