// wire_match.h - lays the wire lines of a scenario over the messages that left the relay.
//
// Ordered lines are matched by search: each line takes a message after the one of the line
// before, and an earlier choice is revised when a later `must` finds nothing. A `must` that
// finds nothing under any choice is given up and the others go on without it.
#ifndef HARNESS_JUDGE_WIRE_MATCH_H
#define HARNESS_JUDGE_WIRE_MATCH_H

#include "harness/judge/wire_set.h"

enum { WIRE_MOST_STEPS = 128 };

// When the scenario's steps began.
struct wire_step {
    unsigned number;
    uint64_t started_us;
};

struct wire_steps {
    size_t count;
    struct wire_step items[WIRE_MOST_STEPS];
};

enum wire_state {
    WIRE_NOT_FOUND,
    WIRE_FOUND,
    WIRE_BLIND,
    WIRE_STEP_NOT_REACHED, // the step that the line counts from never began
    WIRE_APART,            // not an ordered line: `never`, `retransmit`
};

struct wire_outcome {
    enum wire_state state;
    size_t record; // what it matched; RECORD_NONE without
    // Of a line that found nothing: the bindings and the message before which it looked.
    size_t after; // last record matched by a line before it, or RECORD_NONE
    struct wire_bindings bindings;
};

// The messages that lines are matched with: as they left the relay (or as captured, with a
// single capture point), repetitions and incomplete fragments left out.
struct wire_sequence {
    size_t count;
    size_t *records;
};

// False when memory runs out. Release with free(out_sequence->records).
MUST_USE bool wire_sequence_make(const struct capture_contents *contents,
                                 struct wire_sequence *out_sequence);

struct wire_matching {
    const struct capture_contents *contents;
    const struct wire_sequence *sequence;
    const struct wire_steps *steps;
    const struct wire_line *lines;
    size_t line_count;
};

// Fills one outcome per line (array from the caller) and the bindings at the end. False when
// memory runs out.
MUST_USE bool wire_match(const struct wire_matching *matching, struct wire_outcome *out_outcomes,
                         struct wire_bindings *out_bindings);
// Whether a message of this time is inside what the line's `when` allows. `previous_us` is the
// time of the last matched message, or NULL before the first.
MUST_USE bool wire_when_allows(const struct wire_when *when, const struct wire_steps *steps,
                               const uint64_t *previous_us, uint64_t time_us);
MUST_USE const struct wire_step *wire_step_find(const struct wire_steps *steps, unsigned number);

#endif
