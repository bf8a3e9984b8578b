#include "harness/judge/step_checks.h"

#include <stdio.h>
#include <string.h>

#include "pcap/message_json.h"
#include "pcap/payload_facts.h"

bool step_unsupported(const struct cell_evidence *evidence, unsigned *out_step)
{
    for (size_t i = 0; i < evidence->step_count; i++) {
        if (evidence->steps[i].result == STEP_UNSUPPORTED) {
            *out_step = evidence->steps[i].number;
            return true;
        }
    }
    return false;
}

// The error notify of a message; false when it has none.
static bool error_notify(const struct ike_message *message, char *out_name, size_t size)
{
    for (size_t i = 0; i < message->payload_count; i++) {
        struct payload_facts facts;
        if (message->payloads[i].type != IKE_PAYLOAD_NOTIFY) {
            continue;
        }
        payload_facts_read(&message->payloads[i], ike_message_is_response(message), &facts);
        const char *type = payload_facts_get(&facts, "type");
        if (type != NULL && payload_facts_has(&facts, "error", "any")) {
            (void)snprintf(out_name, size, "%s", type);
            return true;
        }
    }
    return false;
}

size_t find_refusal(const struct cell_evidence *evidence, enum capture_side from, char *out_name,
                    size_t size)
{
    for (size_t i = 0; i < evidence->capture.ike_count; i++) {
        const struct ike_record *record = &evidence->capture.ike[i];
        if (record->origin.point != POINT_LEFT &&
            (from == CAPTURE_SIDE_UNKNOWN || record->origin.from == from) &&
            error_notify(&record->message, out_name, size)) {
            return i;
        }
    }
    return RECORD_NONE;
}

// The last request of a step that nobody answered, as it was sent; RECORD_NONE without.
static size_t last_unanswered(const struct cell_evidence *evidence,
                              const struct evidence_step *step)
{
    size_t found = RECORD_NONE;
    for (size_t i = 0; i < evidence->capture.ike_count; i++) {
        const struct ike_record *record = &evidence->capture.ike[i];
        if (record->origin.point != POINT_LEFT && record->retransmit_of == RECORD_NONE &&
            record->message.has_header && !ike_message_is_response(&record->message) &&
            record->answer == RECORD_NONE && record->origin.time_us >= step->started_us &&
            record->origin.time_us <= step->ended_us) {
            found = i;
        }
    }
    return found;
}

// Whether the message, or one of its repetitions, left the relay.
static bool was_delivered(const struct capture_contents *capture, size_t index)
{
    for (size_t i = index; i < capture->ike_count; i++) {
        const struct ike_record *record = &capture->ike[i];
        if ((i == index || record->retransmit_of == index) &&
            (record->counterpart != RECORD_NONE || record->origin.point == POINT_ONLY)) {
            return true;
        }
    }
    return false;
}

// "up west ...": the side that was to act.
static enum capture_side acting_side(const struct evidence_step *step)
{
    char word[16] = "";
    char side[16] = "";
    if (sscanf(step->text, "%15s %15s", word, side) != 2) {
        return CAPTURE_SIDE_UNKNOWN;
    }
    return strcmp(side, "west") == 0   ? CAPTURE_SIDE_WEST
           : strcmp(side, "east") == 0 ? CAPTURE_SIDE_EAST
                                       : CAPTURE_SIDE_UNKNOWN;
}

static bool has_messages(const struct cell_evidence *evidence, const struct evidence_step *step)
{
    for (size_t i = 0; i < evidence->capture.ike_count; i++) {
        const uint64_t time = evidence->capture.ike[i].origin.time_us;
        if (time >= step->started_us && time <= step->ended_us) {
            return true;
        }
    }
    return false;
}

static void append_message(const struct cell_evidence *evidence, struct check *check, size_t index)
{
    char line[MESSAGE_LINE_SIZE];
    message_line(&evidence->capture.ike[index], line);
    check_append(check, "\n          frame %u  %s", evidence->capture.ike[index].origin.frame,
                 line);
    check_frame(check, evidence->capture.ike[index].origin.frame);
}

static void attribute_timeout(const struct cell_evidence *evidence,
                              const struct evidence_step *step, struct check *check)
{
    char name[64];
    const size_t request = last_unanswered(evidence, step);
    const size_t refusal = find_refusal(evidence, CAPTURE_SIDE_UNKNOWN, name, sizeof(name));
    if (request != RECORD_NONE) {
        const enum capture_side sender = evidence->capture.ike[request].origin.from;
        append_message(evidence, check, request);
        if (was_delivered(&evidence->capture, request)) {
            check_append(check, "  delivered, never answered");
            check_blame(check, side_name(side_opposite(sender)), "delivered-request-not-answered",
                        "high");
        } else {
            check_append(check, "  never left the relay");
            check_blame(check, "network", "request-not-delivered", "high");
        }
    } else if (refusal != RECORD_NONE) {
        append_message(evidence, check, refusal);
        check_append(check, "  refused with %s", name);
        check_blame(check, "pair", "refused", "low");
    } else if (!has_messages(evidence, step) && acting_side(step) != CAPTURE_SIDE_UNKNOWN) {
        check_append(check, "\n          no IKE message at all");
        check_blame(check, side_name(acting_side(step)), "sent-nothing", "high");
    } else {
        check_blame(check, "pair", "exchanges-completed-state-differs", "low");
    }
}

// An operation that answers "not supported" although the manifest says it can.
static void judge_unsupported(const struct cell_evidence *evidence,
                              const struct evidence_step *step, struct check *check)
{
    const enum capture_side side = acting_side(step);
    char capability[64] = "op.";
    (void)snprintf(capability, sizeof(capability), "op.%.*s", (int)strcspn(step->text, " "),
                   step->text);
    const char *declared =
        json_string_value(json_object_get(evidence->sides[side].capabilities, capability));
    if (declared != NULL && strcmp(declared, "yes") == 0) {
        check_fail(check, "contradicts-manifest",
                   "step %u \"%s\" is not supported, but the manifest of %s says %s yes",
                   step->number, step->text, evidence->sides[side].label, capability);
        check_blame(check, side_name(side), "manifest-says-yes", "high");
        return;
    }
    check_set(check, CHECK_NOT_REACHED, "step %u \"%s\" is not supported", step->number,
              step->text);
}

static void judge_step(const struct cell_evidence *evidence, const struct evidence_step *step,
                       struct check *check)
{
    switch (step->result) {
    case STEP_OK:
        break;
    case STEP_TIMEOUT:
        check_fail(check, "step.timeout", "step %u \"%s\": the condition did not come true%s%s",
                   step->number, step->text, step->detail[0] != '\0' ? ": " : "", step->detail);
        attribute_timeout(evidence, step, check);
        break;
    case STEP_FAILED:
        check_fail(check, "step.failed", "step %u \"%s\": the operation failed%s%s", step->number,
                   step->text, step->detail[0] != '\0' ? ": " : "", step->detail);
        attribute_timeout(evidence, step, check);
        break;
    case STEP_UNSUPPORTED:
        judge_unsupported(evidence, step, check);
        break;
    case STEP_ENVIRONMENT:
        check_set(check, CHECK_NOT_REACHED, "step %u: %s", step->number, step->detail);
        break;
    case STEP_NOT_REACHED:
        check_set(check, CHECK_NOT_REACHED, "step %u was not reached", step->number);
        break;
    }
}

void step_checks_run(const struct cell_evidence *evidence, struct check_list *checks)
{
    for (size_t i = 0; i < evidence->step_count; i++) {
        const struct evidence_step *step = &evidence->steps[i];
        struct check *check = check_list_add(checks, SEVERITY_MUST, "step/%u", step->number);
        check->rank = RANK_STEP;
        check->line = step->line;
        check->step = step->number;
        check->time_us = step->ended_us;
        judge_step(evidence, step, check);
    }
}
