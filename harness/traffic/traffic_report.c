#include "harness/traffic/traffic_report.h"

#include <errno.h>
#include <string.h>

#define SCHEMA "ikelab.traffic-end/1"

enum {
    PATH_SIZE = 4096,
    MEDIAN = 500, // in thousandths
    NEARLY_ALL = 990,
    // Inner gaps of the receiver, and two at the edges of each burst.
    MOST_SPANS = TRAFFIC_MOST_GAPS + 2 * TRAFFIC_MOST_BURSTS,
};

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *spans_array(const struct traffic_span *spans, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(array,
                                    json_pack("{s:o, s:o}", "from_us", integer(spans[i].from_us),
                                              "to_us", integer(spans[i].to_us)));
    }
    return array;
}

static json_t *bursts_array(const struct traffic_burst *bursts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(
            array, json_pack("{s:o, s:o, s:o}", "count", integer(bursts[i].count), "first_us",
                             integer(bursts[i].first_us), "last_us", integer(bursts[i].last_us)));
    }
    return array;
}

static json_t *received_object(const struct traffic_meter *meter)
{
    json_t *latency =
        json_pack("{s:o, s:o}", "median", integer(traffic_meter_latency_us(meter, MEDIAN)), "p99",
                  integer(traffic_meter_latency_us(meter, NEARLY_ALL)));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "count", integer(meter->received),
        "duplicated", integer(meter->duplicated), "reordered", integer(meter->reordered),
        "first_us", integer(meter->first_us), "last_us", integer(meter->last_us), "longest_gap_us",
        integer(meter->longest_gap_us), "gap_started_us", integer(meter->gap_started_us), "gaps",
        spans_array(meter->gaps, meter->gap_count), "bursts",
        bursts_array(meter->bursts, meter->burst_count), "latency_us", latency);
}

static bool write_json(const json_t *root, const char *path)
{
    char temporary[PATH_SIZE];
    const int length = snprintf(temporary, sizeof(temporary), "%s.new", path);
    if (root == NULL || length < 0 || (size_t)length >= sizeof(temporary)) {
        errno = root == NULL ? ENOMEM : ENAMETOOLONG;
        return false;
    }
    return json_dump_file(root, temporary, JSON_INDENT(2)) == 0 && rename(temporary, path) == 0;
}

bool traffic_end_write(const struct traffic_end *end, const char *path)
{
    json_t *sent =
        json_pack("{s:o, s:o, s:o}", "count", integer(end->sent), "failed", integer(end->failed),
                  "bursts", bursts_array(end->bursts, end->burst_count));
    json_t *root = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "schema", SCHEMA, "name", end->name,
                             "host", end->host, "interval_us", integer(end->meter->interval_us),
                             "sent", sent, "received", received_object(end->meter));
    const bool written = write_json(root, path);
    json_decref(root);
    return written;
}

// One direction while it is put together.
struct direction {
    uint64_t interval_us;
    uint64_t longest_gap_us;
    uint64_t gap_started_us;
    size_t span_count;
    struct traffic_span spans[MOST_SPANS];
};

static uint64_t number(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static void add_span(struct direction *direction, uint64_t from_us, uint64_t to_us)
{
    if (to_us <= from_us) {
        return;
    }
    if (to_us - from_us > direction->longest_gap_us) {
        direction->longest_gap_us = to_us - from_us;
        direction->gap_started_us = from_us;
    }
    if (to_us - from_us > TRAFFIC_GAP_INTERVALS * direction->interval_us &&
        direction->span_count < MOST_SPANS) {
        direction->spans[direction->span_count++] =
            (struct traffic_span){.from_us = from_us, .to_us = to_us};
    }
}

// What is missing at both edges of a burst: between the first sent and the first received, and
// between the last received and the last sent.
static void add_edges(struct direction *direction, const json_t *sent, const json_t *received)
{
    if (number(sent, "count") == 0) {
        return;
    }
    if (number(received, "count") == 0) {
        add_span(direction, number(sent, "first_us"), number(sent, "last_us"));
        return;
    }
    add_span(direction, number(sent, "first_us"), number(received, "first_us"));
    add_span(direction, number(received, "last_us"), number(sent, "last_us"));
}

static int compare_spans(const void *left, const void *right)
{
    const uint64_t left_us = ((const struct traffic_span *)left)->from_us;
    const uint64_t right_us = ((const struct traffic_span *)right)->from_us;
    return (left_us > right_us) - (left_us < right_us);
}

static void collect_gaps(struct direction *direction, const json_t *sent, const json_t *received)
{
    const json_t *inner = json_object_get(received, "gaps");
    const json_t *sent_bursts = json_object_get(sent, "bursts");
    const json_t *received_bursts = json_object_get(received, "bursts");
    const uint64_t longest = number(received, "longest_gap_us");
    const uint64_t started = number(received, "gap_started_us");
    add_span(direction, started, started + longest);
    direction->span_count = 0; // if it is long enough, the list has it too
    for (size_t i = 0; i < json_array_size(inner); i++) {
        const json_t *gap = json_array_get(inner, i);
        add_span(direction, number(gap, "from_us"), number(gap, "to_us"));
    }
    for (size_t i = 0; i < json_array_size(sent_bursts); i++) {
        add_edges(direction, json_array_get(sent_bursts, i), json_array_get(received_bursts, i));
    }
    qsort(direction->spans, direction->span_count, sizeof(direction->spans[0]), compare_spans);
}

// The first and the last moment of sending over all bursts.
static struct traffic_span sent_span(const json_t *sent)
{
    const json_t *bursts = json_object_get(sent, "bursts");
    struct traffic_span span = {0};
    for (size_t i = 0; i < json_array_size(bursts); i++) {
        const json_t *burst = json_array_get(bursts, i);
        if (number(burst, "count") > 0) {
            span.from_us = span.from_us == 0 ? number(burst, "first_us") : span.from_us;
            span.to_us = number(burst, "last_us");
        }
    }
    return span;
}

static json_t *direction_object(const json_t *from, const json_t *to)
{
    const json_t *sent = json_object_get(from, "sent");
    const json_t *received = json_object_get(to, "received");
    const uint64_t sent_count = number(sent, "count");
    const uint64_t received_count = number(received, "count");
    const struct traffic_span span = sent_span(sent);
    struct direction direction = {.interval_us = number(from, "interval_us")};
    collect_gaps(&direction, sent, received);
    json_t *object = json_pack(
        "{s:O, s:O, s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_object_get(from, "name"),
        "from", json_object_get(from, "host"), "to", json_object_get(to, "host"), "sent",
        integer(sent_count), "received", integer(received_count), "lost",
        integer(sent_count > received_count ? sent_count - received_count : 0), "duplicated",
        integer(number(received, "duplicated")), "reordered",
        integer(number(received, "reordered")), "longest_gap_us", integer(direction.longest_gap_us),
        "gap_started_us", integer(direction.gap_started_us));
    json_t *rest =
        json_pack("{s:o, s:o, s:o, s:o, s:O, s:o, s:o}", "first_sent_us", integer(span.from_us),
                  "first_received_us", integer(number(received, "first_us")), "last_sent_us",
                  integer(span.to_us), "last_received_us", integer(number(received, "last_us")),
                  "latency_us", json_object_get(received, "latency_us"), "gaps",
                  spans_array(direction.spans, direction.span_count), "interval_us",
                  integer(direction.interval_us));
    if (object != NULL && json_object_update(object, rest) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(rest);
    return object;
}

static bool is_report(const json_t *report)
{
    const char *schema = json_string_value(json_object_get(report, "schema"));
    const json_t *received = json_object_get(report, "received");
    return schema != NULL && strcmp(schema, SCHEMA) == 0 &&
           json_is_string(json_object_get(report, "name")) &&
           json_is_string(json_object_get(report, "host")) &&
           json_is_object(json_object_get(report, "sent")) &&
           json_is_object(json_object_get(received, "latency_us"));
}

json_t *traffic_merge(const json_t *first, const json_t *second, char out_error[LAB_ERROR_SIZE])
{
    if (!is_report(first) || !is_report(second)) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "the %s traffic report is not an " SCHEMA,
                       is_report(first) ? "second" : "first");
        return NULL;
    }
    json_t *array = json_array();
    const bool done = json_array_append_new(array, direction_object(first, second)) == 0 &&
                      json_array_append_new(array, direction_object(second, first)) == 0;
    if (!done) {
        json_decref(array);
        (void)snprintf(out_error, LAB_ERROR_SIZE, "out of memory");
        return NULL;
    }
    return array;
}

static json_t *load(const char *path, char out_error[LAB_ERROR_SIZE])
{
    json_error_t error;
    json_t *report = json_load_file(path, 0, &error);
    if (report == NULL) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "cannot read %.120s: %.100s", path, error.text);
    }
    return report;
}

bool traffic_merge_files(const char *first_path, const char *second_path, const char *path,
                         char out_error[LAB_ERROR_SIZE])
{
    json_t *first = load(first_path, out_error);
    json_t *second = first != NULL ? load(second_path, out_error) : NULL;
    json_t *merged = second != NULL ? traffic_merge(first, second, out_error) : NULL;
    const bool written = merged != NULL && write_json(merged, path);
    if (merged != NULL && !written) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "cannot write %.120s: %s", path, strerror(errno));
    }
    json_decref(first);
    json_decref(second);
    json_decref(merged);
    return written;
}
