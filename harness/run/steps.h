// steps.h - the `steps` block of a scenario as a list of things to do, under one variant.
#ifndef HARNESS_RUN_STEPS_H
#define HARNESS_RUN_STEPS_H

#include "harness/scenario/scenario.h"

enum {
    STEPS_MOST = 64,
    STEP_MOST_OPERATIONS = 4, // side by side in one `parallel`
    STEP_MOST_TERMS = 4,      // of one condition
    STEP_TEXT_SIZE = 256,
    STEP_NAME_SIZE = 64,
};

enum step_action {
    STEP_START,
    STEP_STOP,
    STEP_KILL,
    STEP_UP,
    STEP_DOWN,
    STEP_DPD,
    STEP_REKEY_CHILD,
    STEP_REKEY_IKE,
    STEP_TRAFFIC_ON,
    STEP_TRAFFIC_OFF,
    STEP_HOLD,
};

struct step_operation {
    enum step_action action;
    enum scenario_side side;       // of the peer operations
    char argument[STEP_NAME_SIZE]; // down: "", "ike" or "child"; traffic: its name
    bool expects_failure;          // the operation must answer 1
    uint64_t hold_milliseconds;
};

enum step_subject {
    STEP_IKE_COUNT,
    STEP_CHILD_COUNT,
    STEP_IKE_GENERATION,   // the highest of all IKE SAs
    STEP_CHILD_GENERATION, // the highest of all CHILD_SAs
    STEP_RECEIVED,         // datagrams that arrived on that side since `traffic NAME on`
};

enum step_comparison {
    STEP_EQUAL,
    STEP_AT_LEAST,
    STEP_AT_MOST,
};

struct step_term {
    enum step_subject subject;
    enum step_comparison comparison;
    uint64_t value;
};

// All terms hold on the side, or on both sides.
struct step_condition {
    enum scenario_side side;
    size_t term_count; // 0: no condition
    struct step_term terms[STEP_MOST_TERMS];
};

// One line of `steps`: operations (none, one, or several side by side), then a condition.
struct step {
    unsigned number; // of the last line that carried one
    unsigned line;
    char text[STEP_TEXT_SIZE];
    char mark[STEP_NAME_SIZE]; // "" outside of `mark NAME { }`
    size_t operation_count;
    struct step_operation operations[STEP_MOST_OPERATIONS];
    struct step_condition until;
    uint64_t within_milliseconds; // of `until`
};

struct step_list {
    size_t count;
    struct step steps[STEPS_MOST];
};

// Reads the steps under a variant. False with the place and what is allowed in out_fault.
MUST_USE bool steps_parse(const struct scenario *scenario, const struct scenario_variant *variant,
                          struct step_list *out_list, struct block_fault *out_fault);

// What one side looks like at one moment.
struct step_observation {
    uint64_t ike_count;
    uint64_t child_count;
    uint64_t ike_generation;
    uint64_t child_generation;
    uint64_t received;
};

// Whether every term of the condition holds for one side.
MUST_USE bool step_condition_holds(const struct step_condition *condition,
                                   const struct step_observation *observed);
// Whether the condition asks for SA state, and whether it asks for traffic.
MUST_USE bool step_condition_wants_status(const struct step_condition *condition);
MUST_USE bool step_condition_wants_traffic(const struct step_condition *condition);
// "up", "rekey-child": the word in the file, which is also the peer operation.
MUST_USE const char *step_action_name(enum step_action action);
// Whether the action is an operation of a peer's `ctl`.
MUST_USE bool step_action_is_peer_operation(enum step_action action);

#endif
