// cell_sample.h - a cell folder made by hand around the sample capture, to be judged.
#ifndef HARNESS_TESTS_JUDGE_CELL_SAMPLE_H
#define HARNESS_TESTS_JUDGE_CELL_SAMPLE_H

#include <jansson.h>

#include "harness/judge/judge.h"
#include "pcap/tests/handshake_sample.h"

enum { SAMPLE_PATH_SIZE = 256 };

// All zero is the clean cell, which passes.
struct cell_sample {
    struct sample_faults faults;
    const char *scenario; // NULL: the standard one
    bool without_keys;
    bool without_capture;
    const char *crash;           // of east
    const char *problem_kind;    // "environment" "harness" "skipped"
    const char *step_results[5]; // of steps 10 to 50; NULL: "ok"
    const char *capability;      // what east says of auth.psk; NULL: "yes"
    unsigned lost;               // west-lan > east-lan
    unsigned dropped_by_relay;   // of those
    unsigned longest_gap_us;
    unsigned rule_hits; // of a rule with must-hit 1; only when has_rule
    bool has_rule;
    unsigned overruns;
    bool spi_mismatch; // east tells another SPI after step 20
    bool sa_left;      // east keeps its SA after step 50
};

// The standard scenario's text. The sample's steps are 10, 20, 30, 40, 50.
const char *cell_sample_scenario(void);
// Makes the folder. Aborts the test when it cannot.
void cell_sample_make(const struct cell_sample *sample, char out_folder[SAMPLE_PATH_SIZE]);
// Removes the folder and everything in it.
void cell_sample_remove(const char *folder);
// Makes, judges, removes. `out_verdict`, unless NULL, gets verdict.json (a new reference).
struct judge_summary cell_sample_judge(const struct cell_sample *sample, json_t **out_verdict);

#endif
