// cell.h - one cell, and the plan: scenarios x variants x ordered pairs of peers.
#ifndef HARNESS_RUN_CELL_H
#define HARNESS_RUN_CELL_H

#include "harness/run/peer_list.h"
#include "harness/run/scenario_list.h"

enum { CELL_ID_SIZE = 512, CELL_MOST_PAIRS = 256, CELL_REASON_SIZE = 512 };

// West and east of a cell. Borrowed from the peer list.
struct peer_pair {
    const struct lab_peer *west;
    const struct lab_peer *east;
};

// Why a cell is not run at all.
enum cell_hindrance {
    CELL_RUNS,
    CELL_SKIPPED,     // a peer is missing on this machine
    CELL_UNSUPPORTED, // a peer declares that it cannot
};

// Borrows from the scenario list and the peer list.
struct cell {
    unsigned number; // in the plan, from 1
    const struct scenario *scenario;
    struct scenario_variant variant;
    struct peer_pair peers;
    char id[CELL_ID_SIZE];     // "basic/psk-tunnel[a=b]:west=refgw@0.1.0,east=refgw@0.1.0"
    char folder[CELL_ID_SIZE]; // its name below OUT/cells
    enum cell_hindrance hindrance;
    char reason[CELL_REASON_SIZE]; // "" when it runs
    enum scenario_side reason_side;
};

struct run_plan {
    struct cell *cells;
    size_t count;
};

struct run_plan_input {
    const struct scenario_list *scenarios;
    const struct peer_pair *pairs;
    size_t pair_count;
    const char *const *patterns; // globs; a cell is in when one of them fits, or there are none
    size_t pattern_count;
};

// Makes the plan: scenarios in order, then variants, then pairs. False when memory runs out.
// Release with run_plan_clear().
MUST_USE bool run_plan_make(const struct run_plan_input *input, struct run_plan *out_plan);
void run_plan_clear(struct run_plan *plan);

// Whether a pattern fits the scenario's id, the scenario with its variant, or the whole id of the
// cell. An id itself always fits, brackets and all.
MUST_USE bool cell_matches(const struct cell *cell, const char *pattern);
// Fills id, folder, and whether it can run, from scenario, variant and peers. False when the id
// does not fit.
MUST_USE bool cell_complete(struct cell *cell);

enum pair_choice_kind {
    PAIRS_DEFAULT, // refgw with itself, and with each other available peer in both roles
    PAIRS_ALL,     // all ordered pairs of available peers
    PAIRS_NAMED,   // every west with every east; a missing side means refgw
};

struct pair_choice {
    enum pair_choice_kind kind;
    const char *const *west;
    size_t west_count;
    const char *const *east;
    size_t east_count;
};

// The pairs of a choice. Gives how many; 0 with a sentence in `out_problem` when a name is
// unknown or nothing is available.
MUST_USE size_t peer_pairs_choose(const struct peer_list *peers, const struct pair_choice *choice,
                                  struct peer_pair out_pairs[CELL_MOST_PAIRS], char *out_problem,
                                  size_t size);

// Variables of the cell in one line: "--west refgw@0.1.0 --east ..." so that it can be run again.
void cell_repro(const struct cell *cell, uint64_t seed, char *out_text, size_t size);

#endif
