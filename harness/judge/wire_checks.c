#include "harness/judge/wire_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/message_json.h"

// Everything about one run over the lines.
struct judging {
    const struct cell_evidence *evidence;
    const struct capture_contents *contents;
    struct wire_sequence sequence;
    const struct wire_line *lines;
    size_t line_count;
    struct wire_outcome *outcomes;
    const struct wire_result *result;
    struct check_list *checks;
};

static const struct ike_record *record_at(const struct judging *judging, size_t index)
{
    return &judging->contents->ike[index];
}

// --- the nearest message ----------------------------------------------------------------------

// How much of a line a message fulfils; nothing when it is of another exchange.
static unsigned nearness(const struct judging *judging, const struct wire_line *line,
                         const struct wire_outcome *outcome, size_t record_index)
{
    const struct ike_record *record = record_at(judging, record_index);
    struct set_difference difference;
    char exchange[64];
    message_exchange_name(record, exchange, sizeof(exchange));
    if (!record->message.has_header ||
        (line->exchange[0] != '\0' && strcmp(line->exchange, exchange) != 0)) {
        return 0;
    }
    const bool is_response = ike_message_is_response(&record->message);
    unsigned points = 1;
    points += line->from == CAPTURE_SIDE_UNKNOWN || line->from == record->origin.from ? 64 : 0;
    points +=
        line->message_kind == WIRE_ANY_KIND || (line->message_kind == WIRE_RESPONSE) == is_response
            ? 128
            : 0;
    points += outcome->after == RECORD_NONE || record_index > outcome->after ? 32 : 0;
    points +=
        wire_header_matches(line, judging->contents, record_index, &outcome->bindings) ? 16 : 0;
    wire_set_compare(line, record, &outcome->bindings, &difference);
    const size_t wrong = difference.missing_count + difference.extra_count;
    points += wrong < 15 ? 15 - (unsigned)wrong : 0;
    return points;
}

// Only a message of the same exchange, side and kind explains anything.
static size_t find_nearest(const struct judging *judging, const struct wire_line *line,
                           const struct wire_outcome *outcome)
{
    const unsigned least = 1 + 64 + 128;
    unsigned best = 0;
    size_t nearest = RECORD_NONE;
    for (size_t i = 0; i < judging->sequence.count; i++) {
        const unsigned points = nearness(judging, line, outcome, judging->sequence.records[i]);
        if (points >= least && points > best) {
            best = points;
            nearest = judging->sequence.records[i];
        }
    }
    return nearest;
}

static double seconds_since_start(const struct judging *judging, uint64_t time_us)
{
    const uint64_t start = judging->contents->first_time_us;
    return time_us >= start ? (double)(time_us - start) / 1e6 : -(double)(start - time_us) / 1e6;
}

static void append_record(struct check *check, const struct judging *judging, const char *label,
                          size_t index)
{
    char payloads[MESSAGE_LINE_SIZE];
    char exchange[64];
    const struct ike_record *record = record_at(judging, index);
    message_payload_set(record, payloads, sizeof(payloads));
    message_exchange_name(record, exchange, sizeof(exchange));
    check_append(check, "\n%-9s frame %u %+.3f s  %s > %s %s %s mid %u %s", label,
                 record->origin.frame, seconds_since_start(judging, record->origin.time_us),
                 side_name(record->origin.from), side_name(side_opposite(record->origin.from)),
                 exchange, ike_message_is_response(&record->message) ? "rsp" : "req",
                 record->message.header.message_id, payloads);
}

static void append_difference(struct check *check, const struct wire_line *line,
                              const struct ike_record *record, const struct wire_outcome *outcome)
{
    struct set_difference difference;
    wire_set_compare(line, record, &outcome->bindings, &difference);
    if (!line->has_set || (difference.missing_count == 0 && difference.extra_count == 0)) {
        return;
    }
    for (size_t i = 0; i < difference.missing_count; i++) {
        check_append(check, "\n          - %s", difference.missing[i]);
    }
    for (size_t i = 0; i < difference.extra_count; i++) {
        check_append(check, "\n          + %s", difference.extra[i]);
    }
}

// --- whom a missing message speaks against ------------------------------------------------------

// A message that would have matched and never left the relay: the sender did its part.
static size_t find_held_back(const struct judging *judging, const struct wire_line *line,
                             const struct wire_outcome *outcome)
{
    for (size_t i = 0; i < judging->contents->ike_count; i++) {
        const struct ike_record *record = record_at(judging, i);
        struct wire_bindings scratch = outcome->bindings;
        if (record->origin.point == POINT_ARRIVED && record->counterpart == RECORD_NONE &&
            (outcome->after == RECORD_NONE ||
             record->origin.time_us >= record_at(judging, outcome->after)->origin.time_us) &&
            wire_line_matches(line, judging->contents, i, &scratch) == MATCH_YES) {
            return i;
        }
    }
    return RECORD_NONE;
}

static void blame_missing(struct check *check, const struct judging *judging,
                          const struct wire_line *line, const struct wire_outcome *outcome,
                          size_t nearest)
{
    const size_t held_back = find_held_back(judging, line, outcome);
    if (held_back != RECORD_NONE) {
        append_record(check, judging, "held back", held_back);
        check_frame(check, record_at(judging, held_back)->origin.frame);
        check_blame(check, "network", "sent-but-never-left-the-relay", "high");
    } else if (line->from == CAPTURE_SIDE_UNKNOWN) {
        check_blame(check, "pair", "nobody-sent-it", "low");
    } else if (nearest != RECORD_NONE) {
        check_blame(check, side_name(line->from), "sent-something-else", "medium");
    } else if (outcome->after != RECORD_NONE &&
               record_at(judging, outcome->after)->origin.from == side_opposite(line->from)) {
        check_blame(check, side_name(line->from), "delivered-message-not-answered", "medium");
    } else {
        check_blame(check, side_name(line->from), "owed-message-not-sent", "medium");
    }
}

static void fail_missing(struct check *check, const struct judging *judging, size_t index)
{
    const struct wire_line *line = &judging->lines[index];
    const struct wire_outcome *outcome = &judging->outcomes[index];
    char expected[WIRE_TEXT_SIZE * 2];
    const size_t nearest = find_nearest(judging, line, outcome);
    bindings_explain(&outcome->bindings, line->text, expected, sizeof(expected));
    check_fail(check, "wire.missing", "expected  %s", expected);
    if (nearest == RECORD_NONE) {
        check_append(check, "\nnearest   none: no such message left the relay");
    } else {
        append_record(check, judging, "nearest", nearest);
        check_frame(check, record_at(judging, nearest)->origin.frame);
        append_difference(check, line, record_at(judging, nearest), outcome);
    }
    blame_missing(check, judging, line, outcome, nearest);
}

// --- one line each ------------------------------------------------------------------------------

static void judge_ordered(struct check *check, const struct judging *judging, size_t index)
{
    const struct wire_line *line = &judging->lines[index];
    const struct wire_outcome *outcome = &judging->outcomes[index];
    switch (outcome->state) {
    case WIRE_FOUND:
    case WIRE_BLIND:
        check->time_us = record_at(judging, outcome->record)->origin.time_us;
        check_frame(check, record_at(judging, outcome->record)->origin.frame);
        if (outcome->state == WIRE_BLIND) {
            check_set(check, CHECK_BLIND, "no keys for frame %u, which would have to be  %s",
                      record_at(judging, outcome->record)->origin.frame, line->text);
        }
        break;
    case WIRE_NOT_FOUND:
        if (line->severity == SEVERITY_MAY || line->severity == SEVERITY_INFO) {
            check_set(check, CHECK_NOT_REACHED, "no  %s", line->text);
        } else {
            fail_missing(check, judging, index);
        }
        break;
    case WIRE_STEP_NOT_REACHED:
        check_set(check, CHECK_NOT_REACHED, "step %u was not reached", line->when.step);
        break;
    case WIRE_APART:
        break;
    }
}

static bool is_unique_at_sender(const struct ike_record *record)
{
    return record->origin.point != POINT_LEFT && record->retransmit_of == RECORD_NONE &&
           record->message.opening != IKE_FRAGMENT;
}

// `never` looks at what was sent, not at what got through.
static void judge_never(struct check *check, const struct judging *judging,
                        const struct wire_line *line)
{
    bool is_blind = false;
    for (size_t i = 0; i < judging->contents->ike_count; i++) {
        const struct ike_record *record = record_at(judging, i);
        struct wire_bindings scratch = judging->result->bindings;
        if (!is_unique_at_sender(record) ||
            !wire_when_allows(&line->when, &judging->result->steps, NULL, record->origin.time_us)) {
            continue;
        }
        const enum match_result match = wire_line_matches(line, judging->contents, i, &scratch);
        if (match == MATCH_YES) {
            check_fail(check, "wire.forbidden", "never     %s", line->text);
            append_record(check, judging, "seen", i);
            check_frame(check, record->origin.frame);
            check->time_us = record->origin.time_us;
            check->rank = RANK_VIOLATION;
            check_blame(check, side_name(record->origin.from), "sent-a-forbidden-message", "high");
            return;
        }
        is_blind = is_blind || match == MATCH_BLIND;
    }
    if (is_blind) {
        check_set(check, CHECK_BLIND, "no keys for messages that might be  %s", line->text);
    }
}

// Repetitions of a message as its sender made them. What crossed the relay may itself be a
// repetition of one that was held back.
static size_t count_repetitions(const struct judging *judging, size_t bound)
{
    const struct ike_record *crossed = record_at(judging, bound);
    const size_t sent = crossed->counterpart != RECORD_NONE ? crossed->counterpart : bound;
    const size_t earlier = record_at(judging, sent)->retransmit_of;
    const size_t first = earlier != RECORD_NONE ? earlier : sent;
    size_t count = 0;
    for (size_t i = 0; i < judging->contents->ike_count; i++) {
        count += record_at(judging, i)->retransmit_of == first ? 1 : 0;
    }
    return count;
}

// A message under the same message ID with other bytes, or RECORD_NONE. Parts of a fragmented
// message differ rightly.
static size_t find_changed(const struct judging *judging, size_t bound)
{
    const struct ike_record *original = record_at(judging, bound);
    for (size_t i = 0; i < judging->contents->ike_count; i++) {
        const struct ike_record *record = record_at(judging, i);
        if (is_unique_at_sender(record) && i != original->counterpart && i != bound &&
            record->message.fragment_count == 0 && original->message.fragment_count == 0 &&
            wire_same_message(original, record)) {
            return i;
        }
    }
    return RECORD_NONE;
}

static void judge_repetition(struct check *check, const struct judging *judging,
                             const struct wire_line *line)
{
    size_t bound = 0;
    if (!bindings_message(&judging->result->bindings, line->binding, &bound)) {
        check_set(check, CHECK_NOT_REACHED, "%s was not seen", line->binding);
        return;
    }
    const struct ike_record *record = record_at(judging, bound);
    const size_t count = count_repetitions(judging, bound);
    const size_t changed = find_changed(judging, bound);
    check_frame(check, record->origin.frame);
    if (line->kind == WIRE_LINE_RETRANSMIT_IDENTICAL && changed != RECORD_NONE) {
        check_fail(check, "wire.retransmit-changed", "expected  %s", line->text);
        append_record(check, judging, "first", bound);
        append_record(check, judging, "again", changed);
        check_frame(check, record_at(judging, changed)->origin.frame);
        check_blame(check, side_name(record->origin.from), "changed-a-retransmission", "high");
    } else if (line->kind == WIRE_LINE_RETRANSMIT_COUNT &&
               !comparison_holds(line->comparison, count, line->number)) {
        check_fail(check, "wire.retransmit", "expected  %s\nseen      %zu", line->text, count);
        check_blame(check, side_name(record->origin.from), "retransmitted-too-often-or-too-rarely",
                    "medium");
    }
}

static void judge_line(struct judging *judging, size_t index)
{
    const struct wire_line *line = &judging->lines[index];
    struct check *check = check_list_add(judging->checks, line->severity, "wire/%zu", index + 1);
    check->line = line->line;
    check->rank = RANK_WIRE;
    (void)snprintf(check->requirement, sizeof(check->requirement), "%s", line->requirement);
    if (line->kind != WIRE_LINE_MESSAGE) {
        judge_repetition(check, judging, line);
    } else if (line->severity == SEVERITY_NEVER) {
        judge_never(check, judging, line);
    } else {
        judge_ordered(check, judging, index);
    }
}

static void collect_steps(const struct cell_evidence *evidence, struct wire_steps *out_steps)
{
    for (size_t i = 0; i < evidence->step_count && out_steps->count < WIRE_MOST_STEPS; i++) {
        const struct evidence_step *step = &evidence->steps[i];
        if (step->result != STEP_NOT_REACHED) {
            out_steps->items[out_steps->count++] =
                (struct wire_step){.number = step->number, .started_us = step->started_us};
        }
    }
}

static bool judge_lines(struct judging *judging, struct wire_result *result)
{
    if (!wire_sequence_make(judging->contents, &judging->sequence)) {
        return false;
    }
    const struct wire_matching matching = {
        .contents = judging->contents,
        .sequence = &judging->sequence,
        .steps = &result->steps,
        .lines = judging->lines,
        .line_count = judging->line_count,
    };
    judging->outcomes = calloc(judging->line_count + 1, sizeof(*judging->outcomes));
    const bool good =
        judging->outcomes != NULL && wire_match(&matching, judging->outcomes, &result->bindings);
    for (size_t i = 0; good && i < judging->line_count; i++) {
        judge_line(judging, i);
    }
    free(judging->sequence.records);
    free(judging->outcomes);
    return good;
}

bool wire_checks_run(const struct cell_evidence *evidence, const struct block *block,
                     struct check_list *checks, struct wire_result *out_result,
                     struct block_fault *out_fault)
{
    const struct judged_scenario judged = evidence_scenario(evidence);
    struct judging judging = {
        .evidence = evidence,
        .contents = &evidence->capture,
        .result = out_result,
        .checks = checks,
    };
    *out_result = (struct wire_result){0};
    collect_steps(evidence, &out_result->steps);
    if (block == NULL) {
        return true;
    }
    struct wire_line *lines = wire_lines_parse(&judged, block, &judging.line_count, out_fault);
    judging.lines = lines;
    if (lines == NULL) {
        return false;
    }
    const bool good = judge_lines(&judging, out_result);
    if (!good) {
        *out_fault = (struct block_fault){.message = "out of memory"};
    }
    free(lines);
    return good;
}
