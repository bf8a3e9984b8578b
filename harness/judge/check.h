// check.h - one finding about a cell, and the list of them.
#ifndef HARNESS_JUDGE_CHECK_H
#define HARNESS_JUDGE_CHECK_H

#include "refgw/base/bytes.h"

enum {
    CHECK_ID_SIZE = 48,
    CHECK_CODE_SIZE = 64,
    CHECK_TEXT_SIZE = 2048,
    CHECK_WORD_SIZE = 64,
    CHECK_MOST_FRAMES = 8,
};

enum check_severity {
    SEVERITY_MUST,
    SEVERITY_SHOULD,
    SEVERITY_MAY,
    SEVERITY_INFO,
    SEVERITY_NEVER, // a `must` that something does not happen
};

enum check_state {
    CHECK_PASS,
    CHECK_FAIL,
    CHECK_BLIND,       // no keys for what it needs to see
    CHECK_NOT_REACHED, // what it asks about did not come to pass, for a reason told elsewhere
};

// Which kind of evidence a failure rests on, best explanation first: the reason of a cell is
// its failed check with the lowest rank.
enum check_rank {
    RANK_CRASH,
    RANK_VIOLATION, // something forbidden was seen
    RANK_WIRE,      // an expected message is missing or different
    RANK_STEP,      // an operation or its condition
    RANK_ESP,
    RANK_STATE,
    RANK_TRAFFIC,
};

struct check {
    char id[CHECK_ID_SIZE]; // "wire/3": block and number in it, from 1; "free/no-cleartext"
    enum check_severity severity;
    enum check_state state;
    enum check_rank rank;
    unsigned line;                     // in the scenario; 0 without
    unsigned step;                     // 0 without
    uint64_t time_us;                  // of what was seen; 0 without
    char code[CHECK_CODE_SIZE];        // why it failed: "wire.missing"; "" when it passed
    char text[CHECK_TEXT_SIZE];        // for people, several lines
    char requirement[CHECK_WORD_SIZE]; // "rfc7296:2.8"; "" without
    char who[CHECK_WORD_SIZE];         // at fault: "west" "east" "pair" "network" "harness" or ""
    char why[CHECK_WORD_SIZE];         // "sent-a-forbidden-message"; "" without
    char confidence[16];               // "high" "medium" "low"; "" without
    size_t frame_count;
    unsigned frames[CHECK_MOST_FRAMES];
};

// Owns its items; a zeroed struct is empty. Pointers to items last until the next addition.
struct check_list {
    struct check *items;
    size_t count;
    bool has_failed; // memory ran out: a check is missing
};

// Adds a check that passed. Never NULL: without memory a stand-in is returned and
// `has_failed` set.
struct check *check_list_add(struct check_list *list, enum check_severity severity,
                             const char *id_format, ...) __attribute__((format(printf, 3, 4)));
void check_list_clear(struct check_list *list);

// Sets state, code and text.
void check_fail(struct check *check, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_set(struct check *check, enum check_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Adds a line to the text of a check; too much is cut.
void check_append(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void check_frame(struct check *check, unsigned frame); // ignored when it is full or 0
void check_blame(struct check *check, const char *who, const char *why, const char *confidence);
// Whether it was a `must` or a `never`.
MUST_USE bool check_is_binding(const struct check *check);
MUST_USE const char *check_severity_name(enum check_severity severity);
MUST_USE bool check_severity_from_name(const char *name, enum check_severity *out_severity);
MUST_USE const char *check_state_name(enum check_state state);

#endif
