#include "harness/judge/traffic_lines.h"

#include <stdio.h>
#include <string.h>

enum { MICROSECONDS_PER_MILLISECOND = 1000, ROUND_TRIP_PATIENCE_US = 200 * 1000 };

struct measure {
    const char *word;
    const char *key;  // in traffic.json
    const char *part; // member of an object under key, or NULL
    bool is_duration;
};

static const struct measure measures[] = {
    {"lost-by-peers",  "lost",           NULL,     false},
    {"lost",           "lost",           NULL,     false},
    {"duplicated",     "duplicated",     NULL,     false},
    {"reordered",      "reordered",      NULL,     false},
    {"received",       "received",       NULL,     false},
    {"sent",           "sent",           NULL,     false},
    {"gap",            "longest_gap_us", NULL,     true },
    {"latency-median", "latency_us",     "median", true },
    {"latency-p99",    "latency_us",     "p99",    true },
};

enum { MEASURE_COUNT = sizeof(measures) / sizeof(measures[0]), LOST_BY_PEERS = 0 };

static const char ALLOWED[] = "lost-by-peers, lost, duplicated, reordered, received, sent, gap, "
                              "latency-median or latency-p99";

// "200ms" or "200ms~rtt".
static bool take_duration(struct line_words *words, uint64_t *out_us)
{
    char word[SCENARIO_WORD_SIZE];
    uint64_t milliseconds = 0;
    if (!line_words_take(words, "a duration like 200ms")) {
        return false;
    }
    const size_t length = strcspn(words->word, "~");
    (void)snprintf(word, sizeof(word), "%.*s", (int)length, words->word);
    const char *patience = words->word + length;
    if ((*patience != '\0' && strcmp(patience, "~rtt") != 0) ||
        !scenario_duration(word, &milliseconds)) {
        return line_words_reject(words, "\"%.40s\" is not a duration like 200ms or 200ms~rtt",
                                 words->word);
    }
    *out_us = milliseconds * MICROSECONDS_PER_MILLISECOND +
              (*patience != '\0' ? ROUND_TRIP_PATIENCE_US : 0);
    return true;
}

static bool take_measure(struct line_words *words, size_t *out_measure)
{
    if (!line_words_take(words, ALLOWED)) {
        return false;
    }
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        if (strcmp(measures[i].word, words->word) == 0) {
            *out_measure = i;
            return true;
        }
    }
    return line_words_reject(words, "\"%.40s\"; allowed: %s", words->word, ALLOWED);
}

bool traffic_line_parse(const struct judged_scenario *judged,
                        const struct block_statement *statement, struct traffic_line *out_line,
                        struct block_fault *out_fault)
{
    struct line_words words = line_words_over(judged, statement, out_fault);
    *out_line = (struct traffic_line){.line = statement->line};
    return take_severity(&words, &out_line->severity) && take_measure(&words, &out_line->measure) &&
           take_comparison(&words, &out_line->comparison) &&
           (measures[out_line->measure].is_duration ? take_duration(&words, &out_line->number)
                                                    : take_number(&words, &out_line->number)) &&
           line_words_finish(&words, "if");
}

// --- judging --------------------------------------------------------------------------------

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "?";
}

static enum capture_side sending_side(const json_t *direction)
{
    const char *from = text_of(direction, "from");
    return strncmp(from, "west", 4) == 0   ? CAPTURE_SIDE_WEST
           : strncmp(from, "east", 4) == 0 ? CAPTURE_SIDE_EAST
                                           : CAPTURE_SIDE_UNKNOWN;
}

// False when the probe did not measure it (nothing received: no latency).
static bool value_of(const struct cell_evidence *evidence, const json_t *direction,
                     const struct traffic_line *line, uint64_t *out_value)
{
    const struct measure *measure = &measures[line->measure];
    const json_t *value = json_object_get(direction, measure->key);
    if (measure->part != NULL) {
        value = json_object_get(value, measure->part);
    }
    if (!json_is_number(value)) {
        return false;
    }
    const double number = json_number_value(value);
    *out_value = number > 0 ? (uint64_t)number : 0;
    if (line->measure == LOST_BY_PEERS) {
        const json_t *dropped = json_object_get(json_object_get(evidence->relay, "probe_dropped"),
                                                side_name(sending_side(direction)));
        const json_int_t by_relay = json_integer_value(dropped);
        const uint64_t excused = by_relay > 0 ? (uint64_t)by_relay : 0;
        *out_value = *out_value > excused ? *out_value - excused : 0;
    }
    return true;
}

// Probes that could be told from the ESP that crossed the WAN: as sent, and as it got through.
static size_t count_probes(const struct cell_evidence *evidence, enum capture_side from,
                           enum capture_point point)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->capture.esp_count; i++) {
        const struct esp_record *record = &evidence->capture.esp[i];
        count += record->carries_tag && record->origin.from == from && record->origin.point == point
                     ? 1
                     : 0;
    }
    return count;
}

// Which gateway lost packets follows from what was on the WAN: fewer than the host sent speaks
// against the sender, more than the other host received against the receiver.
static void blame_direction(const struct cell_evidence *evidence, const json_t *direction,
                            struct check *check)
{
    const enum capture_side from = sending_side(direction);
    const json_int_t sent = json_integer_value(json_object_get(direction, "sent"));
    const json_int_t received = json_integer_value(json_object_get(direction, "received"));
    const size_t on_wire = count_probes(evidence, from, POINT_ARRIVED);
    const size_t delivered = count_probes(evidence, from, POINT_LEFT);
    check_append(check, "; on the WAN %zu arrived and %zu left", on_wire, delivered);
    if ((json_int_t)delivered > received) {
        check_blame(check, side_name(side_opposite(from)), "received-esp-not-delivered", "high");
    } else if (on_wire > 0 && (json_int_t)on_wire < sent) {
        check_blame(check, side_name(from), "packets-not-sent-as-esp", "medium");
    } else {
        check_blame(check, "pair", "lost-between-the-lans", "low");
    }
}

static void judge_direction(const struct cell_evidence *evidence, const json_t *direction,
                            const struct traffic_line *line, struct check *check)
{
    const struct measure *measure = &measures[line->measure];
    uint64_t value = 0;
    if (!value_of(evidence, direction, line, &value)) {
        check_fail(check, "traffic.not-measured", "%s > %s: no %s was measured",
                   text_of(direction, "from"), text_of(direction, "to"), measure->word);
        return;
    }
    if (comparison_holds(line->comparison, value, line->number)) {
        return;
    }
    char code[CHECK_CODE_SIZE];
    (void)snprintf(code, sizeof(code), "traffic.%s", measure->word);
    check_fail(check, code, "%s > %s: %s is %llu%s, expected %s %llu%s", text_of(direction, "from"),
               text_of(direction, "to"), measure->word, (unsigned long long)value,
               measure->is_duration ? " us" : "", comparison_word(line->comparison),
               (unsigned long long)line->number, measure->is_duration ? " us" : "");
    blame_direction(evidence, direction, check);
}

static void judge_line(const struct cell_evidence *evidence, const struct traffic_line *line,
                       struct check *check)
{
    if (json_array_size(evidence->traffic) == 0) {
        check_fail(check, "traffic.not-measured", "no traffic was measured");
        return;
    }
    for (size_t i = 0; i < json_array_size(evidence->traffic) && check->state == CHECK_PASS; i++) {
        judge_direction(evidence, json_array_get(evidence->traffic, i), line, check);
    }
}

bool traffic_checks_run(const struct cell_evidence *evidence, const struct block *block,
                        struct check_list *checks, struct block_fault *out_fault)
{
    const struct judged_scenario judged = evidence_scenario(evidence);
    size_t number = 0;
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        struct traffic_line line;
        size_t words = 0;
        if (!scenario_line_applies(judged.scenario, judged.variant, &block->statements[i],
                                   &words)) {
            continue;
        }
        if (!traffic_line_parse(&judged, &block->statements[i], &line, out_fault)) {
            return false;
        }
        struct check *check = check_list_add(checks, line.severity, "traffic/%zu", ++number);
        check->line = line.line;
        check->rank = RANK_TRAFFIC;
        judge_line(evidence, &line, check);
    }
    return true;
}
