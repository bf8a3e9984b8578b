// tap_writer.h - results as TAP 13 that old and new `prove` read alike.
//
// prove takes `not ok # SKIP` for a failure and does not know XFAIL: neither is ever written.
#ifndef HARNESS_RUN_TAP_WRITER_H
#define HARNESS_RUN_TAP_WRITER_H

#include <stdio.h>

#include "harness/run/run_pool.h"

void tap_write_plan(FILE *out, size_t count);
// One line for the cell, with a YAML block when there is something to explain.
void tap_write_result(FILE *out, unsigned number, const struct run_result *result);
void tap_write_bail_out(FILE *out, const char *why);

#endif
