#include "harness/judge/cell_evidence.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// In front of every probe datagram (docs/LAB.md, "traffic.json"), its first zero included.
static const char PROBE_TAG[] = "ikelab-probe/1";

bool evidence_path(const struct cell_evidence *evidence, const char *name,
                   char out_path[EVIDENCE_PATH_SIZE])
{
    const int written = snprintf(out_path, EVIDENCE_PATH_SIZE, "%s/%s", evidence->folder, name);
    return written > 0 && written < EVIDENCE_PATH_SIZE;
}

// Only the first problem is kept: the others follow from it.
__attribute__((format(printf, 3, 4))) static void
note_problem(struct cell_evidence *evidence, enum evidence_problem problem, const char *format, ...)
{
    va_list arguments;
    if (evidence->problem != EVIDENCE_SOUND) {
        return;
    }
    evidence->problem = problem;
    va_start(arguments, format);
    (void)vsnprintf(evidence->problem_text, sizeof(evidence->problem_text), format, arguments);
    va_end(arguments);
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static uint64_t number_of(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

// NULL, with a problem noted, when a file that must be there is not or is not JSON.
static json_t *load_json(struct cell_evidence *evidence, const char *name, bool is_required)
{
    char path[EVIDENCE_PATH_SIZE];
    json_error_t error;
    if (!evidence_path(evidence, name, path)) {
        note_problem(evidence, EVIDENCE_HARNESS, "the path of %s is too long", name);
        return NULL;
    }
    if (access(path, R_OK) != 0) {
        if (is_required) {
            note_problem(evidence, EVIDENCE_HARNESS, "%s is missing", name);
        }
        return NULL;
    }
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        note_problem(evidence, EVIDENCE_HARNESS, "%s:%d: %s", name, error.line, error.text);
    }
    return root;
}

// --- cell.json ------------------------------------------------------------------------------

static void read_side(struct cell_evidence *evidence, enum capture_side side)
{
    const json_t *object = json_object_get(evidence->cell, side_name(side));
    struct evidence_side *out = &evidence->sides[side];
    const json_t *crash = json_object_get(object, "crash");
    (void)snprintf(out->label, sizeof(out->label), "%.60s@%.60s", string_of(object, "peer"),
                   string_of(object, "version"));
    out->exports_keys = json_is_true(json_object_get(object, "exports_keys"));
    out->is_alive_at_end = json_is_true(json_object_get(object, "alive_at_end"));
    out->has_crashed = json_is_string(crash);
    (void)snprintf(out->crash, sizeof(out->crash), "%s",
                   json_is_string(crash) ? json_string_value(crash) : "");
    out->capabilities = json_object_get(object, "capabilities");
}

static enum step_result_kind step_result_from(const char *name)
{
    static const char *const names[] = {
        [STEP_OK] = "ok",
        [STEP_TIMEOUT] = "timeout",
        [STEP_FAILED] = "failed",
        [STEP_UNSUPPORTED] = "unsupported",
        [STEP_ENVIRONMENT] = "environment",
        [STEP_NOT_REACHED] = "not-reached",
    };
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return (enum step_result_kind)i;
        }
    }
    return STEP_NOT_REACHED;
}

static void read_steps(struct cell_evidence *evidence)
{
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(evidence->cell, "steps"), index, item)
    {
        if (evidence->step_count == EVIDENCE_MOST_STEPS) {
            note_problem(evidence, EVIDENCE_HARNESS, "more than %d steps", EVIDENCE_MOST_STEPS);
            return;
        }
        struct evidence_step *step = &evidence->steps[evidence->step_count++];
        step->number = (unsigned)number_of(item, "number");
        step->line = (unsigned)number_of(item, "line");
        step->started_us = number_of(item, "started_us");
        step->ended_us = number_of(item, "ended_us");
        step->result = step_result_from(string_of(item, "result"));
        (void)snprintf(step->text, sizeof(step->text), "%s", string_of(item, "text"));
        (void)snprintf(step->detail, sizeof(step->detail), "%s", string_of(item, "detail"));
    }
}

static int compare_snapshots(const void *left, const void *right)
{
    const struct evidence_snapshot *a = left;
    const struct evidence_snapshot *b = right;
    return (a->at_us > b->at_us) - (a->at_us < b->at_us);
}

static void read_snapshots(struct cell_evidence *evidence)
{
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(evidence->cell, "snapshots"), index, item)
    {
        json_t *status = evidence->snapshot_count < EVIDENCE_MOST_SNAPSHOTS
                             ? load_json(evidence, string_of(item, "file"), true)
                             : NULL;
        if (status == NULL) {
            continue;
        }
        const bool is_west = strcmp(string_of(item, "side"), "west") == 0;
        evidence->snapshots[evidence->snapshot_count++] = (struct evidence_snapshot){
            .step = (unsigned)number_of(item, "step"),
            .side = is_west ? CAPTURE_SIDE_WEST : CAPTURE_SIDE_EAST,
            .at_us = number_of(item, "at_us"),
            .status = status,
        };
    }
    qsort(evidence->snapshots, evidence->snapshot_count, sizeof(evidence->snapshots[0]),
          compare_snapshots);
}

static void read_problem(struct cell_evidence *evidence)
{
    const json_t *problem = json_object_get(evidence->cell, "problem");
    const char *kind = string_of(problem, "kind");
    if (!json_is_object(problem)) {
        return;
    }
    const enum evidence_problem what = strcmp(kind, "skipped") == 0       ? EVIDENCE_SKIPPED
                                       : strcmp(kind, "environment") == 0 ? EVIDENCE_ENVIRONMENT
                                                                          : EVIDENCE_HARNESS;
    note_problem(evidence, what, "%s", string_of(problem, "text"));
}

// --- the other files ------------------------------------------------------------------------

static size_t value_index(const struct scenario_axis *axis, const char *value)
{
    for (size_t i = 0; i < axis->count; i++) {
        if (strcmp(axis->values[i], value) == 0) {
            return i;
        }
    }
    return axis->count;
}

static void read_variant(struct cell_evidence *evidence)
{
    const json_t *variant = json_object_get(evidence->cell, "variant");
    for (size_t i = 0; i < evidence->scenario.axis_count; i++) {
        const struct scenario_axis *axis = &evidence->scenario.axes[i];
        const size_t index = value_index(axis, string_of(variant, axis->name));
        if (index == axis->count) {
            note_problem(evidence, EVIDENCE_HARNESS, "cell.json: no value for the axis %s",
                         axis->name);
            return;
        }
        evidence->variant.chosen[i] = index;
    }
}

static void read_scenario(struct cell_evidence *evidence)
{
    char path[EVIDENCE_PATH_SIZE];
    struct block_fault fault;
    if (!evidence_path(evidence, "scenario.scn", path)) {
        return;
    }
    evidence->has_scenario =
        scenario_load(path, string_of(evidence->cell, "scenario"), &evidence->scenario, &fault);
    if (!evidence->has_scenario) {
        note_problem(evidence, EVIDENCE_HARNESS, "scenario.scn:%u:%u: %s", fault.line, fault.column,
                     fault.message);
        return;
    }
    read_variant(evidence);
}

static void read_keys(struct cell_evidence *evidence, const char *name)
{
    char path[EVIDENCE_PATH_SIZE];
    struct key_fault fault;
    if (!evidence_path(evidence, name, path) || access(path, R_OK) != 0) {
        return; // black boxes log none
    }
    if (!key_file_load(&evidence->keys, path, &fault)) {
        note_problem(evidence, EVIDENCE_HARNESS, "%s:%u: %s", name, fault.line, fault.message);
    }
}

static void read_capture(struct cell_evidence *evidence)
{
    char path[EVIDENCE_PATH_SIZE];
    struct capture_fault fault;
    const struct capture_options options = {
        .keys = &evidence->keys,
        .tag = {.data = (const uint8_t *)PROBE_TAG, .size = sizeof(PROBE_TAG)},
    };
    if (!evidence_path(evidence, "wan.pcapng", path)) {
        return;
    }
    evidence->has_capture = capture_contents_load(path, &options, &evidence->capture, &fault);
    if (!evidence->has_capture) {
        note_problem(evidence, EVIDENCE_HARNESS, "wan.pcapng: %s", fault.message);
    } else if (!evidence->capture.is_complete) {
        note_problem(evidence, EVIDENCE_HARNESS, "wan.pcapng: frame %u, offset %llu: %s",
                     evidence->capture.fault.frame,
                     (unsigned long long)evidence->capture.fault.offset,
                     evidence->capture.fault.message);
    }
}

struct cell_evidence *cell_evidence_load(const char *cell_folder)
{
    struct cell_evidence *evidence = calloc(1, sizeof(*evidence));
    if (evidence == NULL) {
        return NULL;
    }
    (void)snprintf(evidence->folder, sizeof(evidence->folder), "%s", cell_folder);
    evidence->cell = load_json(evidence, "cell.json", true);
    if (evidence->cell == NULL) {
        return evidence;
    }
    read_problem(evidence);
    read_side(evidence, CAPTURE_SIDE_WEST);
    read_side(evidence, CAPTURE_SIDE_EAST);
    read_steps(evidence);
    read_snapshots(evidence);
    read_scenario(evidence);
    read_keys(evidence, "keys/ike.keys");
    read_keys(evidence, "keys/esp.keys");
    read_capture(evidence);
    evidence->relay = load_json(evidence, "relay.json", true);
    evidence->traffic = load_json(evidence, "traffic.json", false);
    return evidence;
}

void cell_evidence_free(struct cell_evidence *evidence)
{
    if (evidence == NULL) {
        return;
    }
    for (size_t i = 0; i < evidence->snapshot_count; i++) {
        json_decref(evidence->snapshots[i].status);
    }
    if (evidence->has_scenario) {
        scenario_clear(&evidence->scenario);
    }
    capture_contents_clear(&evidence->capture);
    key_file_clear(&evidence->keys);
    json_decref(evidence->cell);
    json_decref(evidence->relay);
    json_decref(evidence->traffic);
    free(evidence);
}

struct judged_scenario evidence_scenario(const struct cell_evidence *evidence)
{
    return (struct judged_scenario){.scenario = &evidence->scenario, .variant = &evidence->variant};
}

const struct evidence_snapshot *evidence_snapshot_at(const struct cell_evidence *evidence,
                                                     unsigned step, enum capture_side side)
{
    for (size_t i = evidence->snapshot_count; i > 0; i--) {
        const struct evidence_snapshot *snapshot = &evidence->snapshots[i - 1];
        if (snapshot->side == side && (step == EVIDENCE_ANY_STEP || snapshot->step == step)) {
            return snapshot;
        }
    }
    return NULL;
}

static uint64_t larger(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

struct status_tally status_tally_of(const json_t *status)
{
    struct status_tally tally = {0};
    size_t index = 0;
    json_t *sa = NULL;
    json_array_foreach(json_object_get(status, "ike"), index, sa)
    {
        const char *state = string_of(sa, "state");
        const json_t *children = json_object_get(sa, "children");
        if (strcmp(state, "established") != 0 && strcmp(state, "rekeying") != 0) {
            continue;
        }
        tally.ike++;
        tally.children += json_array_size(children);
        tally.ike_generation = larger(tally.ike_generation, number_of(sa, "generation"));
        for (size_t i = 0; i < json_array_size(children); i++) {
            tally.child_generation = larger(tally.child_generation,
                                            number_of(json_array_get(children, i), "generation"));
        }
    }
    return tally;
}
