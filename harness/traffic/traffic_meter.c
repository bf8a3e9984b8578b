#include "harness/traffic/traffic_meter.h"

#include <stdlib.h>
#include <string.h>

enum { BITS_IN_BYTE = 8, FIRST_SEEN_SIZE = 4096, PER_MILLE = 1000 };

// 64 million datagrams: a day at 700 a second.
static const uint64_t most_sequence = 64000000;

struct traffic_meter *traffic_meter_new(uint64_t interval_us)
{
    struct traffic_meter *meter = calloc(1, sizeof(*meter));
    if (meter != NULL) {
        meter->interval_us = interval_us;
    }
    return meter;
}

void traffic_meter_free(struct traffic_meter *meter)
{
    if (meter != NULL) {
        free(meter->seen);
        free(meter);
    }
}

static bool make_room(struct traffic_meter *meter, uint64_t sequence)
{
    const size_t needed = (size_t)(sequence / BITS_IN_BYTE) + 1;
    size_t size = meter->seen_size > 0 ? meter->seen_size : FIRST_SEEN_SIZE;
    if (needed <= meter->seen_size) {
        return true;
    }
    while (size < needed) {
        size *= 2;
    }
    uint8_t *larger = realloc(meter->seen, size);
    if (larger == NULL) {
        return false;
    }
    memset(larger + meter->seen_size, 0, size - meter->seen_size);
    meter->seen = larger;
    meter->seen_size = size;
    return true;
}

// Marks a number as seen. False when it was before.
static bool see(struct traffic_meter *meter, uint64_t sequence)
{
    const uint8_t bit = (uint8_t)(1U << (sequence % BITS_IN_BYTE));
    uint8_t *byte = &meter->seen[sequence / BITS_IN_BYTE];
    if ((*byte & bit) != 0) {
        return false;
    }
    *byte |= bit;
    return true;
}

// Powers of two, each cut into equal parts: small relative error over the whole range.
static size_t latency_bucket(uint64_t us)
{
    if (us < LATENCY_SUB_BUCKETS) {
        return (size_t)us;
    }
    const unsigned magnitude = 63U - (unsigned)__builtin_clzll(us);
    const unsigned shift = magnitude - 5; // 2^5 = LATENCY_SUB_BUCKETS
    return (size_t)(shift + 1) * LATENCY_SUB_BUCKETS + (size_t)(us >> shift) - LATENCY_SUB_BUCKETS;
}

static uint64_t bucket_start(size_t bucket)
{
    if (bucket < LATENCY_SUB_BUCKETS) {
        return bucket;
    }
    const unsigned shift = (unsigned)(bucket / LATENCY_SUB_BUCKETS) - 1;
    return ((uint64_t)(bucket % LATENCY_SUB_BUCKETS) + LATENCY_SUB_BUCKETS) << shift;
}

static void note_gap(struct traffic_meter *meter, uint64_t from_us, uint64_t to_us)
{
    const uint64_t length = to_us > from_us ? to_us - from_us : 0;
    if (length > meter->longest_gap_us) {
        meter->longest_gap_us = length;
        meter->gap_started_us = from_us;
    }
    if (length > TRAFFIC_GAP_INTERVALS * meter->interval_us &&
        meter->gap_count < TRAFFIC_MOST_GAPS) {
        meter->gaps[meter->gap_count++] = (struct traffic_span){.from_us = from_us, .to_us = to_us};
    }
}

static void note_in_burst(struct traffic_meter *meter, uint32_t number, uint64_t arrived_us)
{
    const size_t index = number < TRAFFIC_MOST_BURSTS ? number : TRAFFIC_MOST_BURSTS - 1;
    struct traffic_burst *burst = &meter->bursts[index];
    if (index >= meter->burst_count) {
        meter->burst_count = index + 1;
    }
    if (burst->count == 0) {
        burst->first_us = arrived_us;
    } else {
        note_gap(meter, burst->last_us, arrived_us);
    }
    burst->count++;
    if (arrived_us > burst->last_us) {
        burst->last_us = arrived_us;
    }
}

void traffic_meter_take(struct traffic_meter *meter, const struct probe_packet *packet,
                        uint64_t arrived_ns)
{
    const uint64_t arrived_us = arrived_ns / 1000;
    if (packet->sequence >= most_sequence || !make_room(meter, packet->sequence)) {
        return;
    }
    if (!see(meter, packet->sequence)) {
        meter->duplicated++;
        return;
    }
    if (packet->sequence < meter->next_sequence) {
        meter->reordered++;
    } else {
        meter->next_sequence = packet->sequence + 1;
    }
    if (meter->received == 0) {
        meter->first_us = arrived_us;
    }
    meter->received++;
    meter->last_us = arrived_us;
    note_in_burst(meter, packet->burst, arrived_us);
    const uint64_t latency_us =
        arrived_ns > packet->sent_ns ? (arrived_ns - packet->sent_ns) / 1000 : 0;
    meter->latencies[latency_bucket(latency_us)]++;
}

uint64_t traffic_meter_latency_us(const struct traffic_meter *meter, unsigned per_mille)
{
    uint64_t below = 0;
    // Rounded up: the smallest value that at least this share does not exceed.
    const uint64_t wanted = (meter->received * per_mille + PER_MILLE - 1) / PER_MILLE;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        below += meter->latencies[i];
        if (below >= wanted && below > 0) {
            return bucket_start(i);
        }
    }
    return 0;
}
