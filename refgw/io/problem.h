// problem.h - one sentence for the operator: what failed, why, and what to do.
#ifndef REFGW_IO_PROBLEM_H
#define REFGW_IO_PROBLEM_H

#include "refgw/base/bytes.h"

enum { PROBLEM_SIZE = 512 };

struct problem {
    char text[PROBLEM_SIZE];
};

// Fills in the sentence. Always false, so that a function can end with `return problem_set()`.
bool problem_set(struct problem *out_problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// The same with ": " and the text of `error` (an errno value), and advice where the error
// calls for some (missing privileges, address in use).
bool problem_set_errno(struct problem *out_problem, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
