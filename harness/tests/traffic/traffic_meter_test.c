#include "harness/traffic/traffic_meter.h"

#include "harness/tap/tap.h"

#include <stdlib.h>
#include <string.h>

enum { INTERVAL_US = 2000, LATENCY_US = 300 };

static const uint64_t start_us = 1700000000000000U;

// A probe sent at its place in the row, that needed `late_us` more than usual.
static void take(struct traffic_meter *meter, uint32_t burst, uint64_t sequence, uint64_t late_us)
{
    const uint64_t sent_us = start_us + sequence * INTERVAL_US;
    const struct probe_packet packet = {
        .burst = burst, .sequence = sequence, .sent_ns = sent_us * 1000};
    traffic_meter_take(meter, &packet, (sent_us + LATENCY_US + late_us) * 1000);
}

static void counts_a_perfect_stream(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    for (uint64_t i = 0; i < 1000; i++) {
        take(meter, 0, i, 0);
    }
    ok(meter->received == 1000 && meter->duplicated == 0 && meter->reordered == 0,
       "nothing but received");
    ok(meter->first_us == start_us + LATENCY_US &&
           meter->last_us == start_us + (uint64_t)999 * INTERVAL_US + LATENCY_US,
       "first and last");
    ok(meter->gap_count == 0 && meter->longest_gap_us == INTERVAL_US,
       "the longest gap is the interval");
    traffic_meter_free(meter);
}

static void finds_a_gap(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    for (uint64_t i = 0; i < 100; i++) {
        if ((i < 20 || i >= 50) && (i < 60 || i >= 68)) {
            take(meter, 0, i, 0);
        }
    }
    ok(meter->received == 62, "38 of 100 did not come");
    ok(meter->longest_gap_us == (uint64_t)31 * INTERVAL_US &&
           meter->gap_started_us == start_us + (uint64_t)19 * INTERVAL_US + LATENCY_US,
       "30 missing in a row make a gap of 31 intervals");
    ok(meter->gap_count == 1 &&
           meter->gaps[0].to_us - meter->gaps[0].from_us == (uint64_t)31 * INTERVAL_US,
       "8 missing in a row are not listed");
    traffic_meter_free(meter);
}

static void a_pause_between_bursts_is_no_gap(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    for (uint64_t i = 0; i < 10; i++) {
        take(meter, 0, i, 0);
    }
    for (uint64_t i = 1000; i < 1010; i++) {
        take(meter, 1, i, 0);
    }
    ok(meter->received == 20 && meter->gap_count == 0 && meter->longest_gap_us == INTERVAL_US,
       "switched off in between");
    ok(meter->burst_count == 2 && meter->bursts[1].count == 10, "two bursts");
    traffic_meter_free(meter);
}

static void tells_duplicates_from_reordering(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    take(meter, 0, 0, 0);
    take(meter, 0, 2, 0);
    take(meter, 0, 1, 3000);
    take(meter, 0, 2, 3000);
    take(meter, 0, 2, 3000);
    take(meter, 0, 3, 0);
    ok(meter->received == 4 && meter->reordered == 1 && meter->duplicated == 2,
       "one came late, one came three times");
    traffic_meter_free(meter);
}

static void a_duplicate_does_not_end_a_gap(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    take(meter, 0, 0, 0);
    take(meter, 0, 0, 20000);
    take(meter, 0, 20, 0);
    ok(meter->longest_gap_us == (uint64_t)20 * INTERVAL_US, "an old datagram is no sign of life");
    traffic_meter_free(meter);
}

static void remembers_far_sequence_numbers(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    take(meter, 0, 5000000, 0);
    take(meter, 0, 5000000, 0);
    take(meter, 0, UINT64_MAX, 0);
    ok(meter->received == 1 && meter->duplicated == 1, "and ignores absurd ones");
    traffic_meter_free(meter);
}

static void many_bursts_and_gaps_do_not_overflow(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    for (uint64_t i = 0; i < TRAFFIC_MOST_GAPS + 10; i++) {
        take(meter, 0, i * 100, 0);
    }
    ok(meter->gap_count == TRAFFIC_MOST_GAPS, "the list of gaps ends");
    for (uint32_t i = 0; i < TRAFFIC_MOST_BURSTS + 10; i++) {
        take(meter, i, 1000000 + i, 0);
    }
    ok(meter->burst_count == TRAFFIC_MOST_BURSTS, "so does that of bursts");
    traffic_meter_free(meter);
}

static bool is_near(uint64_t value, uint64_t wanted)
{
    return value <= wanted && value * 100 >= wanted * 96;
}

static void measures_latency(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    ok(traffic_meter_latency_us(meter, 500) == 0, "none without datagrams");
    // Latencies 300, 310, 320 ... 10290 microseconds.
    for (uint64_t i = 0; i < 1000; i++) {
        take(meter, 0, i, i * 10);
    }
    const uint64_t median = traffic_meter_latency_us(meter, 500);
    const uint64_t high = traffic_meter_latency_us(meter, 990);
    ok(is_near(median, 5290) && is_near(high, 10190), "median %d, 99 %% %d", (int)median,
       (int)high);
    traffic_meter_free(meter);
}

static void small_and_large_latencies_have_a_place(void)
{
    static const uint64_t values[] = {0, 1, 31, 32, 33, 63, 64, 1000, 4294967296U, 1U << 31};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
        const struct probe_packet packet = {.sent_ns = 1000};
        traffic_meter_take(meter, &packet, 1000 + values[i] * 1000);
        const uint64_t got = traffic_meter_latency_us(meter, 500);
        ok(is_near(got, values[i]), "%llu", (unsigned long long)values[i]);
        traffic_meter_free(meter);
    }
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    const struct probe_packet future = {.sent_ns = 5000};
    traffic_meter_take(meter, &future, 4000);
    ok(traffic_meter_latency_us(meter, 500) == 0, "an arrival before the start counts as zero");
    traffic_meter_free(meter);
}

static void a_probe_is_read_as_it_was_written(void)
{
    uint8_t bytes[64];
    struct probe_packet got;
    const struct probe_packet packet = {
        .stream = 0x01020304, .burst = 5, .sequence = 6, .sent_ns = 7};
    static const uint8_t wanted[40] = {
        'i', 'k', 'e', 'l', 'a', 'b', '-', 'p', 'r', 'o', 'b', 'e', '/', '1', 0, 0, 1, 2, 3, 4,
        0,   0,   0,   5,   0,   0,   0,   0,   0,   0,   0,   6,   0,   0,   0, 0, 0, 0, 0, 7};
    probe_packet_write(&packet, bytes, sizeof(bytes));
    is_bytes(bytes, PROBE_SMALLEST, wanted, sizeof(wanted), "tag and numbers on the wire");
    ok(probe_packet_read(VIEW_OF(bytes), &got) && got.stream == 0x01020304 && got.burst == 5 &&
           got.sequence == 6 && got.sent_ns == 7,
       "and back");
    size_t accepted = 0;
    for (size_t size = 0; size < PROBE_SMALLEST; size++) {
        accepted += probe_packet_read((struct byte_view){bytes, size}, &got);
    }
    bytes[3] ^= 1;
    ok(accepted == 0 && !probe_packet_read(VIEW_OF(bytes), &got),
       "no truncation and no other tag is taken");
    ok(probe_stream("probe", "west-lan") != probe_stream("probe", "east-lan"),
       "each sender has a stream of its own");
}

int main(void)
{
    counts_a_perfect_stream();
    finds_a_gap();
    a_pause_between_bursts_is_no_gap();
    tells_duplicates_from_reordering();
    a_duplicate_does_not_end_a_gap();
    remembers_far_sequence_numbers();
    many_bursts_and_gaps_do_not_overflow();
    measures_latency();
    small_and_large_latencies_have_a_place();
    a_probe_is_read_as_it_was_written();
    return done_testing();
}
