// Every rule of the verdict, and that each wins over all that come after it.
#include "harness/judge/verdict.h"

#include <string.h>

#include "harness/tap/tap.h"

static struct verdict_findings everything(void)
{
    return (struct verdict_findings){
        .harness_broke = true,
        .environment_broke = true,
        .daemon_crashed = true,
        .must_failed = true,
        .is_unsupported = true,
        .rule_missed = true,
        .must_blind = true,
        .should_failed = true,
    };
}

static void the_first_rule_that_applies_wins(void)
{
    struct verdict_findings findings = everything();
    ok(verdict_decide(&findings) == VERDICT_HARNESS_ERROR, "harness-error wins over all");
    findings.harness_broke = false;
    ok(verdict_decide(&findings) == VERDICT_ENV_ERROR, "then env-error");
    findings.environment_broke = false;
    ok(verdict_decide(&findings) == VERDICT_CRASH, "then crash");
    findings.daemon_crashed = false;
    ok(verdict_decide(&findings) == VERDICT_FAIL, "then fail, also for what is unsupported");
    findings.must_failed = false;
    ok(verdict_decide(&findings) == VERDICT_UNSUPPORTED, "then unsupported");
    findings.is_unsupported = false;
    ok(verdict_decide(&findings) == VERDICT_INCONCLUSIVE, "then inconclusive: a rule missed");
    findings.rule_missed = false;
    ok(verdict_decide(&findings) == VERDICT_INCONCLUSIVE, "or a must is blind");
    findings.must_blind = false;
    ok(verdict_decide(&findings) == VERDICT_NONSTRICT, "then nonstrict");
    findings.should_failed = false;
    ok(verdict_decide(&findings) == VERDICT_PASS, "and pass");
    findings.never_ran = true;
    ok(verdict_decide(&findings) == VERDICT_SKIPPED, "a cell that never ran is skipped");
}

static void each_finding_alone_has_its_verdict(void)
{
    static const struct {
        struct verdict_findings findings;
        enum verdict verdict;
    } cases[] = {
        {{.harness_broke = true},     VERDICT_HARNESS_ERROR},
        {{.environment_broke = true}, VERDICT_ENV_ERROR    },
        {{.daemon_crashed = true},    VERDICT_CRASH        },
        {{.must_failed = true},       VERDICT_FAIL         },
        {{.is_unsupported = true},    VERDICT_UNSUPPORTED  },
        {{.rule_missed = true},       VERDICT_INCONCLUSIVE },
        {{.must_blind = true},        VERDICT_INCONCLUSIVE },
        {{.should_failed = true},     VERDICT_NONSTRICT    },
        {{.never_ran = true},         VERDICT_SKIPPED      },
        {{.never_ran = false},        VERDICT_PASS         },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(verdict_decide(&cases[i].findings) == cases[i].verdict, "%s",
           verdict_name(cases[i].verdict));
    }
}

static void names_and_numbers_agree(void)
{
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        enum verdict verdict = VERDICT_COUNT;
        ok(verdict_from_name(verdict_name((enum verdict)i), &verdict) && verdict == (enum verdict)i,
           "%s", verdict_name((enum verdict)i));
    }
    enum verdict verdict = VERDICT_PASS;
    ok(!verdict_from_name("maybe", &verdict), "no other name");
    ok(!verdict_is_success(VERDICT_FAIL) && !verdict_is_success(VERDICT_CRASH) &&
           verdict_is_success(VERDICT_INCONCLUSIVE) && verdict_is_success(VERDICT_PASS),
       "what counts as success");
}

int main(void)
{
    the_first_rule_that_applies_wins();
    each_finding_alone_has_its_verdict();
    names_and_numbers_agree();
    return done_testing();
}
