#include "pcap/esp_flows.h"

#include <string.h>

enum { TABLE_SIZE = 2 * ESP_MOST_FLOWS, LARGE = 1200 };

static const uint64_t least_backoff_us = 150000; // TCP's first timeout is 200 ms at least

static bool is_flow(const struct esp_flow *flow, const struct packet_origin *origin, uint32_t spi)
{
    return flow->spi == spi && flow->point == origin->point &&
           address_equals(&flow->first.destination.address, &origin->destination.address);
}

static struct esp_flow *find(struct esp_flows *flows, const struct packet_origin *origin,
                             uint32_t spi)
{
    if (flows->last != NULL && is_flow(flows->last, origin, spi)) {
        return flows->last;
    }
    size_t place = (spi * 2654435761U + (unsigned)origin->point) % TABLE_SIZE;
    while (flows->table[place].is_used && !is_flow(&flows->table[place], origin, spi)) {
        place = (place + 1) % TABLE_SIZE;
    }
    struct esp_flow *flow = &flows->table[place];
    if (!flow->is_used) {
        if (flows->count == ESP_MOST_FLOWS) {
            flows->dropped_count++;
            return NULL;
        }
        flows->count++;
        flow->is_used = true;
        flow->point = origin->point;
        flow->spi = spi;
        flow->first = *origin;
        flow->first.comment = NULL;
        flow->is_udp_encapsulated = origin->is_udp_encapsulated;
        flow->is_tcp_encapsulated = origin->is_tcp_encapsulated;
    }
    flows->last = flow;
    return flow;
}

// Without keys only 32 bits are on the wire: the half that is nearest to the highest so far.
static uint64_t extend(const struct esp_flow *flow, uint64_t sequence)
{
    const uint64_t high = flow->highest_sequence & ~(uint64_t)UINT32_MAX;
    const uint64_t low = sequence & UINT32_MAX;
    const uint64_t known = flow->highest_sequence & UINT32_MAX;
    if (sequence > UINT32_MAX || flow->packet_count == 0) {
        return sequence;
    }
    if (known > low && known - low > UINT32_MAX / 2) {
        return high + low + (uint64_t)UINT32_MAX + 1;
    }
    return high + low;
}

static bool mark(struct esp_flow *flow, uint64_t sequence)
{
    uint64_t *word = &flow->seen[sequence % FLOW_WINDOW_BITS / 64];
    const uint64_t bit = (uint64_t)1 << (sequence % 64);
    const bool was_there = (*word & bit) != 0;
    *word |= bit;
    return was_there;
}

// Numbers that leave the window are forgotten.
static void advance(struct esp_flow *flow, uint64_t sequence)
{
    if (sequence - flow->highest_sequence >= FLOW_WINDOW_BITS) {
        memset(flow->seen, 0, sizeof(flow->seen));
    } else {
        for (uint64_t i = flow->highest_sequence + 1; i <= sequence; i++) {
            flow->seen[i % FLOW_WINDOW_BITS / 64] &= ~((uint64_t)1 << (i % 64));
        }
    }
    flow->highest_sequence = sequence;
}

static void note_sequence(struct esp_flow *flow, uint64_t sequence, unsigned frame)
{
    if (flow->packet_count == 0) {
        flow->first_sequence = sequence;
        flow->highest_sequence = sequence;
    } else if (sequence > flow->highest_sequence) {
        if (sequence - flow->highest_sequence > 1 && flow->gap_frame == 0) {
            flow->gap_frame = frame;
        }
        advance(flow, sequence);
    } else if (flow->highest_sequence - sequence >= FLOW_WINDOW_BITS) {
        flow->late_count++; // too old to tell whether it came before
        flow->distinct_count++;
        flow->late_frame = flow->late_frame == 0 ? frame : flow->late_frame;
        return;
    }
    if (mark(flow, sequence)) {
        flow->repeated_count++;
        flow->repeated_frame = flow->repeated_frame == 0 ? frame : flow->repeated_frame;
        return;
    }
    if (flow->highest_sequence - sequence >= FLOW_COMMON_WINDOW) {
        flow->late_count++;
        flow->late_frame = flow->late_frame == 0 ? frame : flow->late_frame;
    }
    flow->distinct_count++;
    if (sequence < flow->first_sequence) {
        flow->first_sequence = sequence;
    }
}

// The same large size again, each time after about twice the pause.
static void note_backoff(struct esp_flow *flow, const struct packet_origin *origin, size_t size)
{
    if (size < LARGE) {
        return;
    }
    const uint64_t gap =
        origin->time_us > flow->large_time_us ? origin->time_us - flow->large_time_us : 0;
    const bool grows = size == flow->large_size && gap >= least_backoff_us &&
                       (flow->large_gap_us < least_backoff_us ||
                        (gap >= flow->large_gap_us / 2 * 3 && gap <= flow->large_gap_us * 3));
    flow->backoff_count = grows ? flow->backoff_count + 1 : 0;
    if (flow->backoff_count > flow->most_backoff) {
        flow->most_backoff = flow->backoff_count;
        flow->backoff_frame = origin->frame;
    }
    flow->large_gap_us = flow->large_size == size ? gap : 0;
    flow->large_size = size;
    flow->large_time_us = origin->time_us;
}

void esp_flows_add(struct esp_flows *flows, const struct packet_origin *origin,
                   const struct esp_packet *packet)
{
    struct esp_flow *flow = find(flows, origin, packet->spi);
    if (flow == NULL) {
        return;
    }
    const size_t bucket = packet->size / FLOW_SIZE_STEP;
    note_sequence(flow, extend(flow, packet->sequence), origin->frame);
    note_backoff(flow, origin, packet->size);
    flow->packet_count++;
    flow->byte_count += packet->size;
    flow->sizes[bucket < FLOW_SIZE_BUCKETS ? bucket : FLOW_SIZE_BUCKETS - 1]++;
    flow->last_frame = origin->frame;
    flow->last_time_us = origin->time_us;
    if (packet->opening == ESP_OPENED || packet->opening == ESP_BAD_PADDING) {
        flow->opened_count++;
    } else if (packet->opening == ESP_NOT_AUTHENTIC) {
        flow->not_authentic_count++;
        flow->not_authentic_frame =
            flow->not_authentic_frame == 0 ? origin->frame : flow->not_authentic_frame;
    }
}

uint64_t esp_flow_lost(const struct esp_flow *flow)
{
    const uint64_t span = flow->highest_sequence - flow->first_sequence + 1;
    return span > flow->distinct_count ? span - flow->distinct_count : 0;
}
