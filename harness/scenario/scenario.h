// scenario.h - one scenario file as the runner and the judge read it.
//
// A scenario is data: the blocks stay in the grammar they were written in (block.h), so that
// every line can be named when it fails. Words `$name` stand for a value of `vary` and are
// replaced by scenario_word() under the variant at hand.
#ifndef HARNESS_SCENARIO_SCENARIO_H
#define HARNESS_SCENARIO_SCENARIO_H

#include "refgw/base/block.h"

enum {
    SCENARIO_MOST_AXES = 8,
    SCENARIO_MOST_VALUES = 16,
    SCENARIO_MOST_NEEDS = 32,
    SCENARIO_WORD_SIZE = 256,
};

enum scenario_side {
    SIDE_WEST,
    SIDE_EAST,
    SIDE_BOTH,
};

struct scenario_axis {
    const char *name;
    size_t count;
    const char *values[SCENARIO_MOST_VALUES];
};

struct scenario_need {
    enum scenario_side side; // BOTH for a side that a variant chooses: see scenario_need_side()
    const char *capability;  // "auth.psk", "op.rekey-child", "ike.$encryption"
    unsigned line;
    const struct block_statement *statement; // the line it stands in
};

struct scenario_topology {
    bool west_nat;
    bool east_nat;
    const struct block_statement *wan; // "wan delay 20ms ..." or NULL
};

// Everything is borrowed from `document`, which the scenario owns.
struct scenario {
    struct block_document *document;
    char id[128]; // "basic/psk-tunnel": the path below scenarios/ without .scn
    char file[256];
    const char *title;
    unsigned timeout_seconds; // of the whole cell
    const struct block_statement *tags;
    const struct block_statement *requirements; // "req rfc7296:1.2 ..."
    size_t need_count;
    struct scenario_need needs[SCENARIO_MOST_NEEDS];
    size_t axis_count;
    struct scenario_axis axes[SCENARIO_MOST_AXES];
    struct scenario_topology topology;
    const struct block_statement *intent;
    const struct block *impair; // NULL without
    const struct block *steps;
    const struct block *expect_wire; // NULL without
    const struct block *expect_esp;
    const struct block *expect_traffic; // the first `traffic NAME { }` of expect
    const struct block *expect_state;
    const struct block_statement *traffic; // "traffic probe { udp size 200 rate 500/s ... }"
};

// One value chosen per axis, by index.
struct scenario_variant {
    size_t chosen[SCENARIO_MOST_AXES];
};

// Reads and checks structure, order of blocks and every word it knows. False with the place
// and what is allowed in out_fault. `id` is copied. Release with scenario_clear().
MUST_USE bool scenario_load(const char *path, const char *id, struct scenario *out_scenario,
                            struct block_fault *out_fault);
void scenario_clear(struct scenario *scenario);

// Number of variants, and variant number `index` (all combinations, last axis fastest).
MUST_USE size_t scenario_variant_count(const struct scenario *scenario);
struct scenario_variant scenario_variant_at(const struct scenario *scenario, size_t index);
// "[rekeyer=west,pfs=off]", or "" when there is no axis.
void scenario_variant_format(const struct scenario *scenario,
                             const struct scenario_variant *variant, char *out_text, size_t size);
// The word with every $axis replaced. False when it names an axis that does not exist or the
// result does not fit.
MUST_USE bool scenario_word(const struct scenario *scenario, const struct scenario_variant *variant,
                            const char *word, char out_text[SCENARIO_WORD_SIZE]);
// "15s", "200ms", "1m", "2h" in milliseconds; false for anything else.
MUST_USE bool scenario_duration(const char *word, uint64_t *out_milliseconds);
// Whether a line applies: no `if` at its end, or `if $axis == value [| value]` / `!=` is true
// for the variant. `out_words` is how many words stand before the `if`.
MUST_USE bool scenario_line_applies(const struct scenario *scenario,
                                    const struct scenario_variant *variant,
                                    const struct block_statement *line, size_t *out_words);
// Whether the need exists in the variant, and on which side: "$rekeyer op.rekey-child" names its
// side by an axis, "west child.pfs if $pfs == on" holds in some variants only.
MUST_USE bool scenario_need_side(const struct scenario *scenario,
                                 const struct scenario_variant *variant,
                                 const struct scenario_need *need, enum scenario_side *out_side);

#endif
