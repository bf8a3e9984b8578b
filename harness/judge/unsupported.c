#include "harness/judge/unsupported.h"

#include <stdio.h>
#include <string.h>

#include "harness/judge/step_checks.h"

static bool concerns(enum scenario_side needs, enum capture_side side)
{
    return needs == SIDE_BOTH || (needs == SIDE_WEST) == (side == CAPTURE_SIDE_WEST);
}

static const char *declared(const struct cell_evidence *evidence, enum capture_side side,
                            const char *capability)
{
    const char *answer =
        json_string_value(json_object_get(evidence->sides[side].capabilities, capability));
    return answer != NULL ? answer : "unknown";
}

static void note_refusal(const struct cell_evidence *evidence, size_t refusal,
                         struct unsupported_finding *finding)
{
    const struct ike_record *record = &evidence->capture.ike[refusal];
    finding->frames[0] = record->origin.frame;
    if (record->counterpart != RECORD_NONE) {
        finding->frames[1] = evidence->capture.ike[record->counterpart].origin.frame;
    }
}

// One need of one side. True when it is why the cell is unsupported.
static bool judge_need(const struct cell_evidence *evidence, const char *capability,
                       enum capture_side side, struct unsupported_finding *finding)
{
    char notify[64];
    const char *answer = declared(evidence, side, capability);
    if (strcmp(answer, "no") == 0) {
        (void)snprintf(finding->text, sizeof(finding->text), "%s (%s) says that it has no %s",
                       side_name(side), evidence->sides[side].label, capability);
    } else if (strcmp(answer, "unknown") == 0) {
        const size_t refusal = find_refusal(evidence, side, notify, sizeof(notify));
        if (refusal == RECORD_NONE) {
            return false;
        }
        note_refusal(evidence, refusal, finding);
        (void)snprintf(finding->text, sizeof(finding->text),
                       "%s (%s) leaves open whether it has %s and answered %s in frame %u",
                       side_name(side), evidence->sides[side].label, capability, notify,
                       finding->frames[0]);
    } else {
        return false;
    }
    finding->is_unsupported = true;
    finding->side = side;
    return true;
}

static bool judge_sides(const struct cell_evidence *evidence, const struct scenario_need *need,
                        struct unsupported_finding *finding)
{
    char capability[SCENARIO_WORD_SIZE];
    if (!scenario_word(&evidence->scenario, &evidence->variant, need->capability, capability)) {
        return false;
    }
    return (concerns(need->side, CAPTURE_SIDE_WEST) &&
            judge_need(evidence, capability, CAPTURE_SIDE_WEST, finding)) ||
           (concerns(need->side, CAPTURE_SIDE_EAST) &&
            judge_need(evidence, capability, CAPTURE_SIDE_EAST, finding));
}

static bool judge_needs(const struct cell_evidence *evidence, struct unsupported_finding *finding)
{
    for (size_t i = 0; i < evidence->scenario.need_count; i++) {
        if (judge_sides(evidence, &evidence->scenario.needs[i], finding)) {
            return true;
        }
    }
    return false;
}

void unsupported_find(const struct cell_evidence *evidence, bool has_failed,
                      struct unsupported_finding *out_finding)
{
    unsigned step = 0;
    *out_finding = (struct unsupported_finding){0};
    if (has_failed && judge_needs(evidence, out_finding)) {
        return;
    }
    if (step_unsupported(evidence, &step)) {
        out_finding->is_unsupported = true;
        (void)snprintf(out_finding->text, sizeof(out_finding->text),
                       "step %u: the peer does not support the operation", step);
    }
}

static bool is_the_refusal(const struct unsupported_finding *finding, const struct check *check)
{
    for (size_t i = 0; i < check->frame_count; i++) {
        if (check->frames[i] == finding->frames[0] || check->frames[i] == finding->frames[1]) {
            return true;
        }
    }
    return false;
}

void unsupported_excuse(const struct unsupported_finding *finding, struct check_list *checks)
{
    for (size_t i = 0; i < checks->count; i++) {
        struct check *check = &checks->items[i];
        const bool is_consequence =
            check->rank > RANK_VIOLATION && strcmp(check->code, "contradicts-manifest") != 0;
        if (check->state == CHECK_FAIL && (is_consequence || is_the_refusal(finding, check))) {
            check->state = CHECK_NOT_REACHED;
        }
    }
}
