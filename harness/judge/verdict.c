#include "harness/judge/verdict.h"

#include <string.h>

static const char *const names[VERDICT_COUNT] = {
    [VERDICT_HARNESS_ERROR] = "harness-error",
    [VERDICT_ENV_ERROR] = "env-error",
    [VERDICT_CRASH] = "crash",
    [VERDICT_FAIL] = "fail",
    [VERDICT_UNSUPPORTED] = "unsupported",
    [VERDICT_INCONCLUSIVE] = "inconclusive",
    [VERDICT_NONSTRICT] = "nonstrict",
    [VERDICT_PASS] = "pass",
    [VERDICT_SKIPPED] = "skipped",
};

const char *verdict_name(enum verdict verdict)
{
    return verdict < VERDICT_COUNT ? names[verdict] : "unknown";
}

bool verdict_from_name(const char *name, enum verdict *out_verdict)
{
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *out_verdict = (enum verdict)i;
            return true;
        }
    }
    return false;
}

bool verdict_is_success(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_UNSUPPORTED:
    case VERDICT_INCONCLUSIVE:
    case VERDICT_NONSTRICT:
    case VERDICT_PASS:
    case VERDICT_SKIPPED:
        return true;
    case VERDICT_HARNESS_ERROR:
    case VERDICT_ENV_ERROR:
    case VERDICT_CRASH:
    case VERDICT_FAIL:
    case VERDICT_COUNT:
        break;
    }
    return false;
}

enum verdict verdict_decide(const struct verdict_findings *findings)
{
    if (findings->harness_broke) {
        return VERDICT_HARNESS_ERROR;
    }
    if (findings->environment_broke) {
        return VERDICT_ENV_ERROR;
    }
    // Nothing can have been found about a cell that never ran.
    if (findings->never_ran) {
        return VERDICT_SKIPPED;
    }
    if (findings->daemon_crashed) {
        return VERDICT_CRASH;
    }
    if (findings->must_failed) {
        return VERDICT_FAIL;
    }
    if (findings->is_unsupported) {
        return VERDICT_UNSUPPORTED;
    }
    if (findings->rule_missed || findings->must_blind) {
        return VERDICT_INCONCLUSIVE;
    }
    return findings->should_failed ? VERDICT_NONSTRICT : VERDICT_PASS;
}
