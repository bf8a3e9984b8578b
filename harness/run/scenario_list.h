// scenario_list.h - every scenario below a folder.
#ifndef HARNESS_RUN_SCENARIO_LIST_H
#define HARNESS_RUN_SCENARIO_LIST_H

#include <stdio.h>

#include "harness/scenario/scenario.h"

struct scenario_list {
    struct scenario *scenarios; // sorted by id
    size_t count;
    size_t broken_count; // files that did not load; each was named on `errors`
};

// Loads every FOLDER/AREA/NAME.scn. Files that break the rules are told to `errors` as
// `file:line:column: message` and left out. False only when the folder cannot be read or memory
// runs out. Release with scenario_list_clear().
MUST_USE bool scenario_list_load(const char *folder, FILE *errors, struct scenario_list *out_list);
void scenario_list_clear(struct scenario_list *list);

// "basic/psk-tunnel" from a path: what stands after the last folder called `scenarios`, or the
// last two parts, without `.scn`.
void scenario_id_from_path(const char *path, char *out_id, size_t size);
// Loads one file and checks everything that can be checked without a peer: the steps and the
// expectations and the intent under every variant, and the words of `needs`. False with the place.
MUST_USE bool scenario_lint(const char *path, const char *id, struct scenario *out_scenario,
                            struct block_fault *out_fault);

#endif
