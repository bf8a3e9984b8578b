// result_entry.h - one cell's object in result.json, made from its folder.
#ifndef HARNESS_RUN_RESULT_ENTRY_H
#define HARNESS_RUN_RESULT_ENTRY_H

#include <jansson.h>

#include "harness/judge/verdict.h"
#include "harness/run/cell_run.h"

// From verdict.json and cell.json of a cell that ran. A folder without a verdict gives
// harness-error with the reason `problem`. A new reference; NULL when memory runs out.
MUST_USE json_t *result_entry_from_folder(const struct cell *cell,
                                          const struct run_options *options, const char *problem,
                                          enum verdict *out_verdict);
// For a cell that was not run: skipped or unsupported, with its reason.
MUST_USE json_t *result_entry_unrun(const struct cell *cell, const struct run_options *options,
                                    enum verdict *out_verdict);

#endif
