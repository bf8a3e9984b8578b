// judging.h - all that is known about a cell when its verdict is written.
#ifndef HARNESS_JUDGE_JUDGING_H
#define HARNESS_JUDGE_JUDGING_H

#include "harness/judge/cell_evidence.h"
#include "harness/judge/judge.h"
#include "harness/judge/negotiated.h"

struct cell_judgement {
    const struct cell_evidence *evidence;
    struct check_list checks;
    struct negotiated negotiated;
    struct verdict_findings findings;
    enum verdict verdict;
    const struct check *reason; // among checks; NULL when it lies elsewhere or there is none
    char code[JUDGE_CODE_SIZE]; // of a reason that is no check
    char text[JUDGE_TEXT_SIZE];
    char who[JUDGE_WORD_SIZE];
};

// verdict.json: {"schema":"ikelab.verdict/1", id, scenario, variant, west, east, verdict,
// reason, attribution, negotiated, checks, impair, metrics}. A new reference; NULL when memory
// runs out.
MUST_USE json_t *verdict_to_json(const struct cell_judgement *judgement);
// Numbers worth comparing over runs: times of exchanges, gaps, losses.
MUST_USE json_t *metrics_to_json(const struct cell_evidence *evidence);
// The first rule of relay.json that must hit and did not; NULL when there is none.
MUST_USE const json_t *missed_rule(const struct cell_evidence *evidence);

#endif
