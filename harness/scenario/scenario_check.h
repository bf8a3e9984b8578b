// scenario_check.h - checks of single lines and words that the loader makes. Internal to the folder.
#ifndef HARNESS_SCENARIO_SCENARIO_CHECK_H
#define HARNESS_SCENARIO_SCENARIO_CHECK_H

#include "harness/scenario/scenario.h"

// Number of the axis with this name of `size` characters, or SCENARIO_MOST_AXES without one.
MUST_USE size_t scenario_axis_named(const struct scenario *scenario, const char *name, size_t size);
// Length of the axis name at the start of `text` (after the '$'); 0 when none can start there.
MUST_USE size_t scenario_axis_name_size(const char *text);
// Index of the value in the axis, or SCENARIO_MOST_VALUES without one.
MUST_USE size_t scenario_axis_value(const struct scenario_axis *axis, const char *value,
                                    size_t size);
// Like block_fault_at() for one item of the statement; always false, to be returned.
bool scenario_refuse(struct block_fault *out_fault, const struct block_statement *statement,
                     size_t item, const char *format, ...) __attribute__((format(printf, 4, 5)));
// Every `if` in the block and below is well formed and every $name outside of it is an axis.
// With `has_bindings` (wire lines) other names are bindings of the judge and pass.
MUST_USE bool scenario_check_names(const struct scenario *scenario, const struct block *block,
                                   bool has_bindings, struct block_fault *out_fault);
MUST_USE bool scenario_check_line(const struct scenario *scenario,
                                  const struct block_statement *line, bool has_bindings,
                                  struct block_fault *out_fault);

#endif
