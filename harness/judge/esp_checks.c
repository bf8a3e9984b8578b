#include <stdio.h>
#include <stdlib.h>

#include "harness/judge/clear_text.h"
#include "harness/judge/esp_lines.h"

enum { MICROSECONDS_PER_MILLISECOND = 1000 };

static const struct esp_record *esp_at(const struct cell_evidence *evidence, size_t index)
{
    return &evidence->capture.esp[index];
}

// Packets from one side that got through.
struct direction_count {
    size_t seen;
    size_t decrypted;
    size_t without_keys;
};

static struct direction_count count_direction(const struct cell_evidence *evidence,
                                              enum capture_side from)
{
    struct direction_count count = {0};
    for (size_t i = 0; i < evidence->capture.esp_count; i++) {
        const struct esp_record *record = esp_at(evidence, i);
        if (record->origin.point != POINT_ARRIVED && record->origin.from == from) {
            count.seen++;
            count.decrypted += record->packet.opening == ESP_OPENED ? 1 : 0;
            count.without_keys += record->packet.opening == ESP_NO_KEYS ? 1 : 0;
        }
    }
    return count;
}

static void judge_both_ways(struct check *check, const struct cell_evidence *evidence,
                            const struct esp_line *line)
{
    const bool wants_open = line->kind == ESP_BOTH_WAYS_DECRYPTED;
    for (unsigned i = CAPTURE_SIDE_WEST; i <= CAPTURE_SIDE_EAST; i++) {
        const struct direction_count count = count_direction(evidence, (enum capture_side)i);
        const size_t got = wants_open ? count.decrypted : count.seen;
        if (comparison_holds(line->comparison, got, line->number)) {
            continue;
        }
        if (wants_open && count.without_keys > 0 &&
            comparison_holds(line->comparison, got + count.without_keys, line->number)) {
            check_set(check, CHECK_BLIND, "no keys for %zu ESP packets from %s", count.without_keys,
                      side_name((enum capture_side)i));
            continue;
        }
        check_fail(check, wants_open ? "esp.not-decrypted" : "esp.not-seen",
                   "from %s: %zu ESP packets, %zu of them decrypted; expected %s %s %llu",
                   side_name((enum capture_side)i), count.seen, count.decrypted,
                   wants_open ? "decrypted" : "seen", comparison_word(line->comparison),
                   (unsigned long long)line->number);
        check_blame(check, side_name((enum capture_side)i), "sent-too-little-esp", "medium");
        return;
    }
}

// Sorts packets as sent by SPI and destination, then by their place in the file.
static int compare_esp(const void *left, const void *right, void *context)
{
    const struct esp_record *records = context;
    const struct esp_record *a = &records[*(const size_t *)left];
    const struct esp_record *b = &records[*(const size_t *)right];
    if (a->packet.spi != b->packet.spi) {
        return a->packet.spi < b->packet.spi ? -1 : 1;
    }
    const int order =
        address_compare(&a->origin.destination.address, &b->origin.destination.address);
    if (order != 0) {
        return order;
    }
    return (a->origin.frame > b->origin.frame) - (a->origin.frame < b->origin.frame);
}

static bool same_sa(const struct esp_record *a, const struct esp_record *b)
{
    return a->packet.spi == b->packet.spi &&
           address_equals(&a->origin.destination.address, &b->origin.destination.address);
}

static void fail_sequence(struct check *check, const struct esp_record *record, const char *what)
{
    check_fail(check, "esp.sequence", "frame %u, SPI %08x, sequence number %llu: %s",
               record->origin.frame, record->packet.spi,
               (unsigned long long)record->packet.sequence, what);
    check_frame(check, record->origin.frame);
    check_blame(check, side_name(record->origin.from), "wrong-sequence-number", "high");
}

// Packets as they arrived at the relay: its own impairments do not count.
static size_t list_as_sent(const struct cell_evidence *evidence, size_t *order)
{
    size_t count = 0;
    for (size_t i = 0; i < evidence->capture.esp_count; i++) {
        if (esp_at(evidence, i)->origin.point != POINT_LEFT) {
            order[count++] = i;
        }
    }
    qsort_r(order, count, sizeof(*order), compare_esp, evidence->capture.esp);
    return count;
}

static void judge_sequence(struct check *check, const struct cell_evidence *evidence)
{
    size_t *order = calloc(evidence->capture.esp_count + 1, sizeof(*order));
    if (order == NULL) {
        check_fail(check, "harness.memory", "out of memory");
        return;
    }
    const size_t count = list_as_sent(evidence, order);
    for (size_t i = 0; i < count && check->state == CHECK_PASS; i++) {
        const struct esp_record *record = esp_at(evidence, order[i]);
        const bool is_first = i == 0 || !same_sa(record, esp_at(evidence, order[i - 1]));
        //= rfc4303#section-3.3.3
        //# The sender increments the sequence number (or ESN) counter for this SA and inserts
        //# the low-order 32 bits of the value into the Sequence Number field.  Thus, the first
        //# packet sent using a given SA will contain a sequence number of 1.
        if (is_first && record->packet.sequence != 1) {
            fail_sequence(check, record, "the first of its SA is not 1");
        } else if (!is_first &&
                   record->packet.sequence <= esp_at(evidence, order[i - 1])->packet.sequence) {
            fail_sequence(check, record, "not larger than the one before");
        }
    }
    free(order);
}

static void judge_absence(struct check *check, const struct cell_evidence *evidence,
                          enum esp_line_kind kind)
{
    for (size_t i = 0; i < evidence->capture.esp_count; i++) {
        const struct esp_record *record = esp_at(evidence, i);
        const bool is_on_4500 = record->origin.is_udp_encapsulated;
        if (kind == ESP_NONE || (kind == ESP_ENCAPSULATED_ONLY && !is_on_4500) ||
            (kind == ESP_NOT_ENCAPSULATED && is_on_4500)) {
            check_fail(check, "esp.forbidden", "frame %u: %s ESP, SPI %08x, from %s",
                       record->origin.frame, is_on_4500 ? "UDP-encapsulated" : "bare",
                       record->packet.spi, side_name(record->origin.from));
            check_frame(check, record->origin.frame);
            check_blame(check, side_name(record->origin.from), "sent-forbidden-esp", "high");
            return;
        }
    }
}

// --- lines about a bound CHILD_SA -------------------------------------------------------------

// The SPI under which a side receives, from "$new" and "west".
static bool bound_spi(const struct wire_result *wire, const char *binding, enum capture_side side,
                      uint32_t *out_spi)
{
    char name[WIRE_NAME_SIZE * 2];
    (void)snprintf(name, sizeof(name), "%s.in@%s", binding, side_name(side));
    const char *value = bindings_value(&wire->bindings, name);
    if (value == NULL) {
        return false;
    }
    *out_spi = (uint32_t)strtoul(value, NULL, 16);
    return true;
}

static bool reference_time(const struct cell_evidence *evidence, const struct wire_result *wire,
                           const struct esp_line *line, uint64_t *out_us)
{
    size_t record = 0;
    const struct capture_contents *capture = &evidence->capture;
    if (!bindings_message(&wire->bindings, line->after, &record)) {
        return false;
    }
    const bool is_response = ike_message_is_response(&capture->ike[record].message);
    if (line->after_kind == WIRE_RESPONSE && !is_response) {
        record = capture->ike[record].answer;
    } else if (line->after_kind == WIRE_REQUEST && is_response) {
        record = capture->ike[record].answers;
    }
    if (record == RECORD_NONE) {
        return false;
    }
    *out_us = capture->ike[record].origin.time_us;
    return true;
}

static const struct esp_record *first_esp_after(const struct cell_evidence *evidence, uint32_t spi,
                                                uint64_t time_us)
{
    for (size_t i = 0; i < evidence->capture.esp_count; i++) {
        const struct esp_record *record = esp_at(evidence, i);
        if (record->origin.point != POINT_LEFT && record->packet.spi == spi &&
            record->origin.time_us >= time_us) {
            return record;
        }
    }
    return NULL;
}

// ESP to the SPI of one side, which the other side sends.
static void judge_bound_direction(struct check *check, const struct cell_evidence *evidence,
                                  const struct esp_line *line, uint32_t spi, uint64_t reference_us)
{
    const uint64_t limit = reference_us + line->limit_us;
    if (line->kind == ESP_FIRST_AFTER) {
        const struct esp_record *first = first_esp_after(evidence, spi, 0);
        if (first == NULL || first->origin.time_us > limit) {
            check_fail(check, "esp.new-never-used", "no ESP on SPI %08x (%s) within %llu ms", spi,
                       line->binding,
                       (unsigned long long)line->limit_us / MICROSECONDS_PER_MILLISECOND);
            check_frame(check, first != NULL ? first->origin.frame : 0);
        }
        return;
    }
    const struct esp_record *late = first_esp_after(evidence, spi, limit);
    if (late != NULL) {
        check_fail(check, "esp.old-still-used", "frame %u: ESP on SPI %08x (%s) too late",
                   late->origin.frame, spi, line->binding);
        check_frame(check, late->origin.frame);
    }
}

static void judge_bound(struct check *check, const struct cell_evidence *evidence,
                        const struct wire_result *wire, const struct esp_line *line)
{
    uint64_t reference_us = 0;
    if (!reference_time(evidence, wire, line, &reference_us)) {
        check_set(check, CHECK_NOT_REACHED, "%s was not seen", line->after);
        return;
    }
    for (unsigned i = CAPTURE_SIDE_WEST; i <= CAPTURE_SIDE_EAST; i++) {
        const enum capture_side receiver = (enum capture_side)i;
        uint32_t spi = 0;
        if (!bound_spi(wire, line->binding, receiver, &spi)) {
            check_set(check, CHECK_NOT_REACHED, "%s.in@%s is not known", line->binding,
                      side_name(receiver));
            return;
        }
        judge_bound_direction(check, evidence, line, spi, reference_us);
        if (check->state == CHECK_FAIL) {
            check_blame(check, side_name(side_opposite(receiver)),
                        line->kind == ESP_FIRST_AFTER ? "new-sa-not-used" : "old-sa-still-used",
                        "medium");
            return;
        }
    }
}

static void judge_line(struct check *check, const struct cell_evidence *evidence,
                       const struct wire_result *wire, const struct esp_line *line)
{
    switch (line->kind) {
    case ESP_BOTH_WAYS_DECRYPTED:
    case ESP_BOTH_WAYS_SEEN:
        judge_both_ways(check, evidence, line);
        break;
    case ESP_SEQUENCE:
        judge_sequence(check, evidence);
        break;
    case ESP_ENCAPSULATED_ONLY:
    case ESP_NOT_ENCAPSULATED:
    case ESP_NONE:
        judge_absence(check, evidence, line->kind);
        break;
    case ESP_NO_CLEARTEXT:
        clear_text_check(evidence, check);
        break;
    case ESP_FIRST_AFTER:
    case ESP_NEVER_AFTER:
        judge_bound(check, evidence, wire, line);
        break;
    }
}

static const char *requirement_of(enum esp_line_kind kind)
{
    switch (kind) {
    case ESP_SEQUENCE:
        return "rfc4303:3.3.3";
    case ESP_ENCAPSULATED_ONLY:
        return "rfc7296:2.23";
    case ESP_NO_CLEARTEXT:
        return "rfc4301:5.1";
    case ESP_FIRST_AFTER:
    case ESP_NEVER_AFTER:
        return "rfc7296:2.8";
    case ESP_BOTH_WAYS_DECRYPTED:
    case ESP_BOTH_WAYS_SEEN:
    case ESP_NOT_ENCAPSULATED:
    case ESP_NONE:
        break;
    }
    return "";
}

bool esp_checks_run(const struct cell_evidence *evidence, const struct block *block,
                    const struct wire_result *wire, struct check_list *checks,
                    struct block_fault *out_fault)
{
    const struct judged_scenario judged = evidence_scenario(evidence);
    size_t number = 0;
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        const struct block_statement *statement = &block->statements[i];
        struct esp_line line;
        size_t words = 0;
        if (!scenario_line_applies(judged.scenario, judged.variant, statement, &words)) {
            continue;
        }
        if (!esp_line_parse(&judged, statement, &line, out_fault)) {
            return false;
        }
        struct check *check = check_list_add(checks, line.severity, "esp/%zu", ++number);
        check->line = line.line;
        check->rank = RANK_ESP;
        (void)snprintf(check->requirement, sizeof(check->requirement), "%s",
                       requirement_of(line.kind));
        judge_line(check, evidence, wire, &line);
    }
    return true;
}
