// scenario_blocks.h - the loaders of the single blocks. Internal to the folder.
#ifndef HARNESS_SCENARIO_SCENARIO_BLOCKS_H
#define HARNESS_SCENARIO_SCENARIO_BLOCKS_H

#include "harness/scenario/scenario.h"

// Reads one statement of the file into the scenario. False with the place in out_fault.
typedef bool scenario_load_function(struct scenario *scenario,
                                    const struct block_statement *statement,
                                    struct block_fault *out_fault);

scenario_load_function scenario_load_needs;
scenario_load_function scenario_load_vary;
scenario_load_function scenario_load_topology;
scenario_load_function scenario_load_intent;
scenario_load_function scenario_load_traffic;
scenario_load_function scenario_load_impair;
scenario_load_function scenario_load_steps;
scenario_load_function scenario_load_expect;

// Lower-case letters, digits and - . _ $: names, tags, capabilities, values.
MUST_USE bool scenario_is_name(const char *word);

#endif
