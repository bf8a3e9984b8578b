// cell_evidence.h - everything a cell left on disk, read into memory (docs/LAB.md, "Files of
// one cell").
#ifndef HARNESS_JUDGE_CELL_EVIDENCE_H
#define HARNESS_JUDGE_CELL_EVIDENCE_H

#include <jansson.h>

#include "harness/judge/line_words.h"
#include "pcap/capture_contents.h"

enum {
    EVIDENCE_MOST_STEPS = 128,
    EVIDENCE_MOST_SNAPSHOTS = 512,
    EVIDENCE_WORD_SIZE = 64,
    EVIDENCE_TEXT_SIZE = 512,
    EVIDENCE_PATH_SIZE = 4096,
};

enum step_result_kind {
    STEP_OK,
    STEP_TIMEOUT,
    STEP_FAILED,
    STEP_UNSUPPORTED,
    STEP_ENVIRONMENT,
    STEP_NOT_REACHED,
};

struct evidence_step {
    unsigned number;
    unsigned line;
    char text[EVIDENCE_TEXT_SIZE];
    char detail[EVIDENCE_TEXT_SIZE];
    uint64_t started_us;
    uint64_t ended_us;
    enum step_result_kind result;
};

// One side's SA state at one moment. `status` is owned.
struct evidence_snapshot {
    unsigned step;
    enum capture_side side;
    uint64_t at_us;
    json_t *status;
};

struct evidence_side {
    char label[EVIDENCE_WORD_SIZE * 2]; // "strongswan@5.9.8"
    bool exports_keys;
    bool is_alive_at_end;
    bool has_crashed;
    char crash[EVIDENCE_TEXT_SIZE];
    const json_t *capabilities; // borrowed from `cell`; NULL without
};

enum evidence_problem {
    EVIDENCE_SOUND,
    EVIDENCE_SKIPPED,     // the cell was not run
    EVIDENCE_ENVIRONMENT, // the machine was in the way
    EVIDENCE_HARNESS,     // the lab broke, or evidence is missing or unreadable
};

struct cell_evidence {
    char folder[EVIDENCE_PATH_SIZE];
    json_t *cell;
    json_t *relay;   // NULL without
    json_t *traffic; // NULL without
    struct scenario scenario;
    struct scenario_variant variant;
    bool has_scenario;
    struct evidence_side sides[3]; // by enum capture_side; [0] is unused
    size_t step_count;
    struct evidence_step steps[EVIDENCE_MOST_STEPS];
    size_t snapshot_count;
    struct evidence_snapshot snapshots[EVIDENCE_MOST_SNAPSHOTS]; // in order of time
    struct key_file keys;
    struct capture_contents capture;
    bool has_capture;
    enum evidence_problem problem;
    char problem_text[EVIDENCE_TEXT_SIZE];
};

// Reads what is there. What is missing although the cell ran ends in `problem`; the rest is
// still read where possible. Release with cell_evidence_free(). NULL when memory runs out.
MUST_USE struct cell_evidence *cell_evidence_load(const char *cell_folder);
void cell_evidence_free(struct cell_evidence *evidence); // accepts NULL

// FOLDER/NAME. False when it does not fit.
MUST_USE bool evidence_path(const struct cell_evidence *evidence, const char *name,
                            char out_path[EVIDENCE_PATH_SIZE]);
struct judged_scenario evidence_scenario(const struct cell_evidence *evidence);
// The latest snapshot of a side after a step (any step: EVIDENCE_ANY_STEP), or NULL.
#define EVIDENCE_ANY_STEP UINT32_MAX
MUST_USE const struct evidence_snapshot *
evidence_snapshot_at(const struct cell_evidence *evidence, unsigned step, enum capture_side side);

// What a status counts (docs/LAB.md, "Status").
struct status_tally {
    size_t ike;                // established or rekeying
    size_t children;           // under those
    uint64_t ike_generation;   // the highest
    uint64_t child_generation; // the highest
};
struct status_tally status_tally_of(const json_t *status);

#endif
