#include "harness/traffic/traffic_report.h"

#include "harness/tap/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INTERVAL_US = 1000 };

struct pair {
    char west[40];
    char east[40];
    char merged[40];
};

static bool temporary(char path[40])
{
    (void)snprintf(path, 40, "/tmp/ikelab-traffic-XXXXXX");
    const int file = mkstemp(path);
    return file >= 0 && close(file) == 0;
}

static bool make_pair(struct pair *pair)
{
    return temporary(pair->west) && temporary(pair->east) && temporary(pair->merged);
}

static void remove_pair(const struct pair *pair)
{
    (void)unlink(pair->west);
    (void)unlink(pair->east);
    (void)unlink(pair->merged);
}

// What west sent, as its own report says.
struct sent {
    size_t count;
    struct traffic_burst bursts[4];
};

static bool write_end(const char *path, const char *host, const struct sent *sent,
                      const struct traffic_meter *meter)
{
    struct traffic_end end = {.name = "probe",
                              .host = host,
                              .burst_count = sent->count,
                              .bursts = sent->bursts,
                              .meter = meter};
    for (size_t i = 0; i < sent->count; i++) {
        end.sent += sent->bursts[i].count;
    }
    return traffic_end_write(&end, path);
}

// East receives the sequence numbers `from` .. `to` - 1 of a burst, 100 us after they were sent
// at `start_us` + sequence * INTERVAL_US.
static void receive(struct traffic_meter *meter, uint32_t burst, uint64_t from, uint64_t to,
                    uint64_t start_us)
{
    for (uint64_t i = from; i < to; i++) {
        const uint64_t sent_us = start_us + i * INTERVAL_US;
        const struct probe_packet packet = {
            .burst = burst, .sequence = i, .sent_ns = sent_us * 1000};
        traffic_meter_take(meter, &packet, (sent_us + 100) * 1000);
    }
}

// Merges and returns the direction west to east; release the array.
static json_t *merge(const struct sent *sent, const struct traffic_meter *east_meter,
                     const json_t **out_direction)
{
    struct pair pair;
    char error[LAB_ERROR_SIZE] = "";
    const struct sent nothing = {0};
    struct traffic_meter *west_meter = traffic_meter_new(INTERVAL_US);
    const bool merged = make_pair(&pair) && write_end(pair.west, "west-lan", sent, west_meter) &&
                        write_end(pair.east, "east-lan", &nothing, east_meter) &&
                        traffic_merge_files(pair.west, pair.east, pair.merged, error);
    if (!merged) {
        note("%s", error);
    }
    json_t *array = json_load_file(pair.merged, 0, NULL);
    *out_direction = json_array_get(array, 0);
    remove_pair(&pair);
    traffic_meter_free(west_meter);
    return array;
}

static int64_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static bool text_is(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && strcmp(text, wanted) == 0;
}

static bool gap_is(const json_t *direction, size_t index, int64_t from_us, int64_t to_us)
{
    const json_t *gap = json_array_get(json_object_get(direction, "gaps"), index);
    return number(gap, "from_us") == from_us && number(gap, "to_us") == to_us;
}

static void merges_both_directions(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    const struct sent sent = {1, {{100, 1000000, 1099000}}};
    const json_t *direction = NULL;
    receive(meter, 0, 0, 50, 1000000);
    receive(meter, 0, 51, 100, 1000000);
    receive(meter, 0, 99, 100, 1000000);
    json_t *array = merge(&sent, meter, &direction);
    ok(json_array_size(array) == 2, "two directions");
    ok(text_is(direction, "name", "probe") && text_is(direction, "from", "west-lan") &&
           text_is(direction, "to", "east-lan"),
       "the first is from west to east");
    ok(number(direction, "sent") == 100 && number(direction, "received") == 99 &&
           number(direction, "lost") == 1 && number(direction, "duplicated") == 1 &&
           number(direction, "reordered") == 0,
       "one lost, one duplicated");
    ok(number(direction, "first_sent_us") == 1000000 &&
           number(direction, "last_sent_us") == 1099000 &&
           number(direction, "first_received_us") == 1000100 &&
           number(direction, "last_received_us") == 1099100,
       "first and last of both ends");
    ok(number(direction, "longest_gap_us") == 2000 &&
           number(direction, "gap_started_us") == 1049100 &&
           json_array_size(json_object_get(direction, "gaps")) == 0,
       "a short gap is measured but not listed");
    ok(number(direction, "interval_us") == INTERVAL_US &&
           number(json_object_get(direction, "latency_us"), "median") == 100,
       "interval and latency");
    const json_t *back = json_array_get(array, 1);
    ok(text_is(back, "from", "east-lan") && number(back, "sent") == 0 &&
           number(back, "lost") == 0 && number(back, "longest_gap_us") == 0,
       "the other direction was silent");
    json_decref(array);
    traffic_meter_free(meter);
}

static void sees_what_is_missing_at_the_edges(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    const struct sent sent = {1, {{100, 1000000, 1099000}}};
    const json_t *direction = NULL;
    // The first 20, 20 in the middle and the last 30 are lost.
    receive(meter, 0, 20, 40, 1000000);
    receive(meter, 0, 60, 70, 1000000);
    json_t *array = merge(&sent, meter, &direction);
    ok(number(direction, "lost") == 70, "70 lost");
    ok(gap_is(direction, 0, 1000000, 1020100) && gap_is(direction, 1, 1039100, 1060100) &&
           gap_is(direction, 2, 1069100, 1099000) &&
           json_array_size(json_object_get(direction, "gaps")) == 3,
       "three gaps in the order of time");
    ok(number(direction, "longest_gap_us") == 29900 &&
           number(direction, "gap_started_us") == 1069100,
       "the last one is the longest");
    json_decref(array);
    traffic_meter_free(meter);
}

static void a_lost_burst_is_a_gap_and_a_pause_is_none(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    // The second burst starts 5 s later, the third another 5 s.
    const struct sent sent = {
        3, {{50, 1000000, 1049000}, {50, 6050000, 6099000}, {50, 11100000, 11149000}}
    };
    const json_t *direction = NULL;
    receive(meter, 0, 0, 50, 1000000);
    receive(meter, 2, 100, 150, 11000000);
    json_t *array = merge(&sent, meter, &direction);
    ok(number(direction, "sent") == 150 && number(direction, "lost") == 50,
       "a whole burst is lost");
    ok(gap_is(direction, 0, 6050000, 6099000) &&
           json_array_size(json_object_get(direction, "gaps")) == 1 &&
           number(direction, "longest_gap_us") == 49000,
       "that is the only gap");
    json_decref(array);
    traffic_meter_free(meter);
}

static void nothing_received_is_one_long_gap(void)
{
    struct traffic_meter *meter = traffic_meter_new(INTERVAL_US);
    const struct sent sent = {1, {{100, 1000000, 1099000}}};
    const json_t *direction = NULL;
    json_t *array = merge(&sent, meter, &direction);
    ok(number(direction, "received") == 0 && number(direction, "lost") == 100 &&
           gap_is(direction, 0, 1000000, 1099000),
       "from the first to the last that was sent");
    json_decref(array);
    traffic_meter_free(meter);
}

static void refuses_what_is_no_report(void)
{
    char error[LAB_ERROR_SIZE] = "";
    json_t *other = json_pack("{s:s}", "schema", "something/1");
    ok(traffic_merge(other, other, error) == NULL && error[0] != '\0', "%s", error);
    json_decref(other);
    ok(!traffic_merge_files("/does/not/exist", "/neither", "/tmp/x", error), "%s", error);
    ok(traffic_merge(NULL, NULL, error) == NULL, "nothing is not a report either");
}

int main(void)
{
    merges_both_directions();
    sees_what_is_missing_at_the_edges();
    a_lost_burst_is_a_gap_and_a_pause_is_none();
    nothing_received_is_one_long_gap();
    refuses_what_is_no_report();
    return done_testing();
}
