// verdict.h - what a cell can come to, and which of several findings decides.
#ifndef HARNESS_JUDGE_VERDICT_H
#define HARNESS_JUDGE_VERDICT_H

#include "refgw/base/bytes.h"

// In the order in which they win: the first one that applies is the cell's verdict. A
// failure is never turned into `unsupported`.
enum verdict {
    VERDICT_HARNESS_ERROR, // the evidence is incomplete or the lab broke
    VERDICT_ENV_ERROR,     // the machine was in the way
    VERDICT_CRASH,         // a daemon ended unasked
    VERDICT_FAIL,          // a `must` failed
    VERDICT_UNSUPPORTED,   // a peer said that it cannot
    VERDICT_INCONCLUSIVE,  // a rule that must hit did not, or a `must` could not be seen
    VERDICT_NONSTRICT,     // only a `should` failed
    VERDICT_PASS,
    VERDICT_SKIPPED, // never run
    VERDICT_COUNT,
};

// "harness-error", "env-error", "crash", ...
MUST_USE const char *verdict_name(enum verdict verdict);
MUST_USE bool verdict_from_name(const char *name, enum verdict *out_verdict);
// Whether a run that has this verdict is as good as a pass for the exit code.
MUST_USE bool verdict_is_success(enum verdict verdict);

// What was found about a cell. `must_failed` counts what was seen to be wrong or missing;
// what could not happen because a peer cannot do it is not among it.
struct verdict_findings {
    bool harness_broke;
    bool environment_broke;
    bool daemon_crashed;
    bool must_failed;
    bool is_unsupported;
    bool rule_missed; // a rule with must-hit did not hit often enough
    bool must_blind;  // no keys for what a `must` needs
    bool should_failed;
    bool never_ran;
};

MUST_USE enum verdict verdict_decide(const struct verdict_findings *findings);

#endif
