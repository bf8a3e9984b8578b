#include "harness/judge/wire_match.h"

#include <stdlib.h>

enum { MOST_TRIES = 200000 };

bool wire_sequence_make(const struct capture_contents *contents, struct wire_sequence *out_sequence)
{
    struct wire_sequence sequence = {.records = calloc(contents->ike_count + 1, sizeof(size_t))};
    if (sequence.records == NULL) {
        return false;
    }
    for (size_t i = 0; i < contents->ike_count; i++) {
        const struct ike_record *record = &contents->ike[i];
        if (record->origin.point != POINT_ARRIVED && record->retransmit_of == RECORD_NONE &&
            record->message.opening != IKE_FRAGMENT) {
            sequence.records[sequence.count++] = i;
        }
    }
    *out_sequence = sequence;
    return true;
}

const struct wire_step *wire_step_find(const struct wire_steps *steps, unsigned number)
{
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->items[i].number == number) {
            return &steps->items[i];
        }
    }
    return NULL;
}

bool wire_when_allows(const struct wire_when *when, const struct wire_steps *steps,
                      const uint64_t *previous_us, uint64_t time_us)
{
    const struct wire_step *step = NULL;
    uint64_t reference = 0;
    switch (when->kind) {
    case WHEN_IN_ORDER:
        return true;
    case WHEN_AFTER_PREVIOUS:
        if (previous_us == NULL) {
            return true;
        }
        reference = *previous_us;
        break;
    case WHEN_AFTER_STEP:
        step = wire_step_find(steps, when->step);
        if (step == NULL) {
            return false;
        }
        reference = step->started_us;
        break;
    }
    return time_us >= reference + when->earliest_us &&
           (when->latest_us == 0 || time_us <= reference + when->latest_us);
}

// What is known before one ordered line is matched.
struct frame {
    size_t position;  // in the sequence, of the first message it may take
    size_t candidate; // the next one to try
    bool tried_without;
    bool has_previous;
    uint64_t previous_us;
    size_t previous_record;
    struct wire_bindings bindings;
    // What the frame's own line took.
    enum wire_state state;
    size_t record;
};

struct search {
    const struct wire_matching *matching;
    size_t count;         // ordered lines
    size_t *ordered;      // their indexes
    bool *is_given_up;    // per ordered line
    struct frame *frames; // count + 1
    size_t deepest;       // ordered line that no choice has got past yet
    struct frame deepest_frame;
    bool allows_blind;
    size_t tries;
};

static const struct wire_line *line_of(const struct search *search, size_t depth)
{
    return &search->matching->lines[search->ordered[depth]];
}

static struct frame frame_after(const struct frame *frame, size_t next_position)
{
    struct frame next = *frame;
    next.position = next_position;
    next.candidate = next_position;
    next.tried_without = false;
    return next;
}

// Tries the remaining candidates of the line at `depth`; true when one fits, with the frame
// behind it prepared.
static bool take_candidate(struct search *search, size_t depth)
{
    struct frame *frame = &search->frames[depth];
    const struct wire_matching *matching = search->matching;
    const struct wire_line *line = line_of(search, depth);
    while (frame->candidate < matching->sequence->count && search->tries < MOST_TRIES) {
        const size_t position = frame->candidate++;
        const size_t record = matching->sequence->records[position];
        const uint64_t time = matching->contents->ike[record].origin.time_us;
        struct wire_bindings bindings = frame->bindings;
        search->tries++;
        if (!wire_when_allows(&line->when, matching->steps,
                              frame->has_previous ? &frame->previous_us : NULL, time)) {
            continue;
        }
        const enum match_result result =
            wire_line_matches(line, matching->contents, record, &bindings);
        if (result == MATCH_NO || (result == MATCH_BLIND && !search->allows_blind)) {
            continue;
        }
        frame->state = result == MATCH_YES ? WIRE_FOUND : WIRE_BLIND;
        frame->record = record;
        struct frame next = frame_after(frame, position + 1);
        next.bindings = bindings;
        next.has_previous = true;
        next.previous_us = time;
        next.previous_record = record;
        search->frames[depth + 1] = next;
        return true;
    }
    return false;
}

// Goes on without the line: an optional one, or a `must` that was given up.
static bool go_without(struct search *search, size_t depth)
{
    struct frame *frame = &search->frames[depth];
    const bool is_optional =
        line_of(search, depth)->severity != SEVERITY_MUST || search->is_given_up[depth];
    if (!is_optional || frame->tried_without) {
        return false;
    }
    frame->tried_without = true;
    frame->state = WIRE_NOT_FOUND;
    frame->record = RECORD_NONE;
    search->frames[depth + 1] = frame_after(frame, frame->position);
    return true;
}

// One search over all choices. False with `deepest` set when some `must` finds nothing.
static bool search_once(struct search *search)
{
    size_t depth = 0;
    bool has_failed = false;
    search->tries = 0;
    search->deepest = 0;
    search->frames[0] = (struct frame){.previous_record = RECORD_NONE};
    while (depth < search->count) {
        // A line that was given up is not looked for again, only passed.
        if ((!search->is_given_up[depth] && take_candidate(search, depth)) ||
            go_without(search, depth)) {
            depth++;
            continue;
        }
        if (!has_failed || depth > search->deepest) {
            search->deepest = depth;
            search->deepest_frame = search->frames[depth];
            has_failed = true;
        }
        if (depth == 0 || search->tries >= MOST_TRIES) {
            return false;
        }
        depth--;
    }
    return true;
}

static void note_given_up(struct search *search, struct wire_outcome *outcomes)
{
    struct wire_outcome *outcome = &outcomes[search->ordered[search->deepest]];
    search->is_given_up[search->deepest] = true;
    outcome->after = search->deepest_frame.previous_record;
    outcome->bindings = search->deepest_frame.bindings;
}

// First without blind matches, so that a message nobody can read does not take the place of
// one that is there.
static void search_all(struct search *search, struct wire_outcome *outcomes)
{
    for (size_t round = 0; round <= search->count; round++) {
        search->allows_blind = false;
        if (search_once(search)) {
            return;
        }
        search->allows_blind = true;
        if (search_once(search)) {
            return;
        }
        note_given_up(search, outcomes);
    }
}

static bool is_step_missing(const struct wire_matching *matching, const struct wire_line *line)
{
    return line->when.kind == WHEN_AFTER_STEP &&
           wire_step_find(matching->steps, line->when.step) == NULL;
}

static void prepare(struct search *search, struct wire_outcome *outcomes)
{
    const struct wire_matching *matching = search->matching;
    for (size_t i = 0; i < matching->line_count; i++) {
        const struct wire_line *line = &matching->lines[i];
        outcomes[i] = (struct wire_outcome){.record = RECORD_NONE, .after = RECORD_NONE};
        if (line->kind != WIRE_LINE_MESSAGE || line->severity == SEVERITY_NEVER) {
            outcomes[i].state = WIRE_APART;
        } else if (is_step_missing(matching, line)) {
            outcomes[i].state = WIRE_STEP_NOT_REACHED;
        } else {
            search->ordered[search->count++] = i;
        }
    }
}

static void collect(const struct search *search, struct wire_outcome *outcomes,
                    struct wire_bindings *out_bindings)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct frame *frame = &search->frames[i];
        struct wire_outcome *outcome = &outcomes[search->ordered[i]];
        outcome->state = frame->state;
        outcome->record = frame->state == WIRE_NOT_FOUND ? RECORD_NONE : frame->record;
        if (frame->state == WIRE_NOT_FOUND && !search->is_given_up[i]) {
            outcome->after = frame->previous_record;
            outcome->bindings = frame->bindings;
        }
    }
    *out_bindings = search->frames[search->count].bindings;
}

bool wire_match(const struct wire_matching *matching, struct wire_outcome *out_outcomes,
                struct wire_bindings *out_bindings)
{
    struct search search = {.matching = matching};
    search.ordered = calloc(matching->line_count + 1, sizeof(*search.ordered));
    search.is_given_up = calloc(matching->line_count + 1, sizeof(*search.is_given_up));
    search.frames = calloc(matching->line_count + 1, sizeof(*search.frames));
    const bool has_memory =
        search.ordered != NULL && search.is_given_up != NULL && search.frames != NULL;
    if (has_memory) {
        prepare(&search, out_outcomes);
        search_all(&search, out_outcomes);
        collect(&search, out_outcomes, out_bindings);
    }
    free(search.ordered);
    free(search.is_given_up);
    free(search.frames);
    return has_memory;
}
