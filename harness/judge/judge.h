// judge.h - from the evidence of one cell to its verdict. Reads files only, so that the
// verdict of a run and the verdict of its bundle years later come from the same code.
#ifndef HARNESS_JUDGE_JUDGE_H
#define HARNESS_JUDGE_JUDGE_H

#include "harness/judge/verdict.h"
#include "harness/scenario/scenario.h"

enum {
    JUDGE_CODE_SIZE = 64,
    JUDGE_TEXT_SIZE = 1024,
    JUDGE_WORD_SIZE = 64,
};

// What a runner prints about a judged cell; everything else stands in verdict.json.
struct judge_summary {
    enum verdict verdict;
    char code[JUDGE_CODE_SIZE];        // "wire.missing"; "" when the cell passed
    char text[JUDGE_TEXT_SIZE];        // one or more lines for people; "" when it passed
    char check[JUDGE_WORD_SIZE];       // "wire/3", "free/no-cleartext"; "" without
    unsigned line;                     // in the scenario; 0 without
    unsigned frame;                    // in wan.pcapng, from 1; 0 without
    char requirement[JUDGE_WORD_SIZE]; // "rfc7296:2.8"; "" without
    char attribution[JUDGE_WORD_SIZE]; // "west" "east" "pair" "network" "harness"; "" = nobody
    char ike_suite[JUDGE_WORD_SIZE];   // negotiated, "" when unknown
    char esp_suite[JUDGE_WORD_SIZE];
    unsigned checks_passed;
    unsigned checks_failed; // with severity must
    unsigned checks_blind;
    unsigned checks_total;
};

// Judges the evidence in `cell_folder` (docs/LAB.md, "Files of one cell") and leaves
// messages.json, verdict.json, keys/ikev2_decryption_table and keys/esp_sa there. Missing or
// broken evidence is a verdict (harness-error), not a failure of the call. False only when
// verdict.json cannot be written; the summary then says why.
MUST_USE bool judge_cell(const char *cell_folder, struct judge_summary *out_summary);

// Checks every line of a scenario's `expect` blocks without running anything, under each of
// its variants. False with the place and what is allowed in `out_fault`.
MUST_USE bool judge_lint_expectations(const struct scenario *scenario,
                                      struct block_fault *out_fault);

#endif
