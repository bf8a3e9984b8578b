#include <stdio.h>
#include <string.h>

#include "harness/judge/judging.h"
#include "pcap/message_json.h"

static void add(json_t *metrics, const char *name, const char *unit, const char *better,
                double value)
{
    (void)json_array_append_new(metrics,
                                json_pack("{s:s, s:s, s:s, s:i, s:f}", "name", name, "unit", unit,
                                          "better", better, "n", 1, "value", value));
}

static const struct ike_record *first_message(const struct capture_contents *capture,
                                              unsigned exchange, bool is_response)
{
    for (size_t i = 0; i < capture->ike_count; i++) {
        const struct ike_record *record = &capture->ike[i];
        if (record->message.has_header && record->message.header.exchange_type == exchange &&
            ike_message_is_response(&record->message) == is_response) {
            return record;
        }
    }
    return NULL;
}

static void add_exchanges(json_t *metrics, const struct capture_contents *capture)
{
    const struct ike_record *first = first_message(capture, IKE_EXCHANGE_SA_INIT, false);
    const struct ike_record *last = first_message(capture, IKE_EXCHANGE_AUTH, true);
    size_t repetitions = 0;
    size_t messages = 0;
    if (first != NULL && last != NULL && last->origin.time_us >= first->origin.time_us) {
        add(metrics, "ike.setup", "ms", "lower",
            (double)(last->origin.time_us - first->origin.time_us) / 1e3);
    }
    for (size_t i = 0; i < capture->ike_count; i++) {
        const struct ike_record *record = &capture->ike[i];
        if (record->origin.point != POINT_LEFT) {
            messages += record->retransmit_of == RECORD_NONE ? 1 : 0;
            repetitions += record->retransmit_of != RECORD_NONE ? 1 : 0;
        }
    }
    add(metrics, "ike.messages", "messages", "lower", (double)messages);
    add(metrics, "ike.retransmissions", "messages", "lower", (double)repetitions);
}

static void add_direction(json_t *metrics, const json_t *direction)
{
    static const struct {
        const char *key;
        const char *part;
        const char *name;
        const char *unit;
        double divisor;
    } measures[] = {
        {"lost",           NULL,     "lost",           "packets", 1  },
        {"duplicated",     NULL,     "duplicated",     "packets", 1  },
        {"reordered",      NULL,     "reordered",      "packets", 1  },
        {"longest_gap_us", NULL,     "gap",            "ms",      1e3},
        {"latency_us",     "median", "latency-median", "us",      1  },
        {"latency_us",     "p99",    "latency-p99",    "us",      1  },
    };
    const char *from = json_string_value(json_object_get(direction, "from"));
    for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
        const json_t *value = json_object_get(direction, measures[i].key);
        char name[96];
        if (measures[i].part != NULL) {
            value = json_object_get(value, measures[i].part);
        }
        if (json_is_number(value)) {
            (void)snprintf(name, sizeof(name), "traffic.%s.%.40s", measures[i].name,
                           from != NULL ? from : "?");
            add(metrics, name, measures[i].unit, "lower",
                json_number_value(value) / measures[i].divisor);
        }
    }
}

json_t *metrics_to_json(const struct cell_evidence *evidence)
{
    json_t *metrics = json_array();
    if (evidence->has_capture) {
        add_exchanges(metrics, &evidence->capture);
    }
    for (size_t i = 0; i < json_array_size(evidence->traffic); i++) {
        add_direction(metrics, json_array_get(evidence->traffic, i));
    }
    return metrics;
}
