#include "harness/judge/status_checks.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CHILDREN = 256 };

struct child_list {
    size_t count;
    const json_t *items[MOST_CHILDREN];
};

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static struct child_list children_of(const json_t *status)
{
    struct child_list list = {0};
    size_t index = 0;
    json_t *sa = NULL;
    json_array_foreach(json_object_get(status, "ike"), index, sa)
    {
        const json_t *children = json_object_get(sa, "children");
        for (size_t i = 0; i < json_array_size(children) && list.count < MOST_CHILDREN; i++) {
            list.items[list.count++] = json_array_get(children, i);
        }
    }
    return list;
}

// A status may leave out what its peer cannot tell.
static bool is_known(const json_t *child)
{
    return json_is_string(json_object_get(child, "spi_in")) &&
           json_is_string(json_object_get(child, "spi_out"));
}

static bool is_pair(const json_t *left, const json_t *right)
{
    return strcmp(string_of(left, "spi_in"), string_of(right, "spi_out")) == 0 &&
           strcmp(string_of(left, "spi_out"), string_of(right, "spi_in")) == 0;
}

static bool has_partner(const json_t *child, const struct child_list *others)
{
    for (size_t i = 0; i < others->count; i++) {
        if (!is_known(child) || !is_known(others->items[i]) || is_pair(child, others->items[i])) {
            return true;
        }
    }
    return false;
}

static bool has_pair(const struct child_list *west, const struct child_list *east)
{
    for (size_t i = 0; i < west->count; i++) {
        if (has_partner(west->items[i], east)) {
            return true;
        }
    }
    return false;
}

static void check_pair(const struct evidence_snapshot *west_snapshot,
                       const struct evidence_snapshot *east_snapshot, struct check *check)
{
    const struct child_list west = children_of(west_snapshot->status);
    const struct child_list east = children_of(east_snapshot->status);
    if (west.count == 0 || east.count == 0 || has_pair(&west, &east)) {
        return;
    }
    check_fail(check, "spi-mismatch",
               "after step %u west has CHILD_SA %s/%s (in/out) and east %s/%s: no pair fits",
               west_snapshot->step, string_of(west.items[0], "spi_in"),
               string_of(west.items[0], "spi_out"), string_of(east.items[0], "spi_in"),
               string_of(east.items[0], "spi_out"));
    check->step = west_snapshot->step;
    check->time_us = west_snapshot->at_us;
    check_blame(check, "pair", "no-common-child-sa", "low");
}

void spi_pairs_check(const struct cell_evidence *evidence, struct check *check)
{
    for (size_t i = 0; i < evidence->step_count && check->state == CHECK_PASS; i++) {
        const struct evidence_step *step = &evidence->steps[i];
        const struct evidence_snapshot *west =
            evidence_snapshot_at(evidence, step->number, CAPTURE_SIDE_WEST);
        const struct evidence_snapshot *east =
            evidence_snapshot_at(evidence, step->number, CAPTURE_SIDE_EAST);
        if (step->result == STEP_OK && west != NULL && east != NULL) {
            check_pair(west, east, check);
        }
    }
}

// Whether the last step that brings an SA up or down is a `down` that went well and was
// waited for until no IKE SA was left.
static bool ends_down(const struct cell_evidence *evidence)
{
    for (size_t i = evidence->step_count; i > 0; i--) {
        const struct evidence_step *step = &evidence->steps[i - 1];
        if (strncmp(step->text, "down", strlen("down")) == 0) {
            return step->result == STEP_OK && strstr(step->text, "ike=0") != NULL;
        }
        if (strncmp(step->text, "up", strlen("up")) == 0) {
            return false;
        }
    }
    return false;
}

void sa_left_check(const struct cell_evidence *evidence, struct check *check)
{
    if (!ends_down(evidence)) {
        check_set(check, CHECK_NOT_REACHED, "the scenario does not end with a down that went well");
        return;
    }
    for (unsigned i = CAPTURE_SIDE_WEST; i <= CAPTURE_SIDE_EAST; i++) {
        const enum capture_side side = (enum capture_side)i;
        const struct evidence_snapshot *last =
            evidence_snapshot_at(evidence, EVIDENCE_ANY_STEP, side);
        const size_t sas = last != NULL ? json_array_size(json_object_get(last->status, "ike")) : 0;
        if (sas > 0) {
            check_fail(check, "sa-left-over", "%s has %zu IKE SAs left at the end", side_name(side),
                       sas);
            check->time_us = last->at_us;
            check_blame(check, side_name(side), "kept-a-deleted-sa", "medium");
            return;
        }
    }
}
