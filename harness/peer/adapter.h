// adapter.h - runs one operation of a peer's ctl (docs/LAB.md, "A peer").
//
// ctl runs in a process group of its own, without standard input. At its deadline, and when it
// has ended, whatever is left of that group is killed: a daemon that shall stay calls setsid.
#ifndef HARNESS_PEER_ADAPTER_H
#define HARNESS_PEER_ADAPTER_H

#include <sys/types.h>

#include "harness/peer/manifest.h"
#include "harness/scenario/scenario.h"

enum {
    OPERATION_OUTPUT_SIZE = 1024 * 1024, // more standard output is an error
    OPERATION_ERROR_SIZE = 512,          // of standard error, the beginning is kept
};

enum operation_outcome {
    OPERATION_DONE,        // exit 0
    OPERATION_FAILED,      // exit 1
    OPERATION_BAD_CALL,    // exit 2
    OPERATION_TEMPORARY,   // exit 75: the environment's fault
    OPERATION_CANNOT_RUN,  // exit 77: not on this machine
    OPERATION_UNSUPPORTED, // exit 127: this peer has no such operation
    OPERATION_DEADLINE,    // killed because its time was over
    OPERATION_BROKEN,      // another exit code, a signal, too much output, or it did not start
};

// The world of one side's ctl: each member becomes the variable of docs/LAB.md. Strings are
// borrowed; NULL members become empty variables.
struct peer_adapter {
    const struct peer_manifest *manifest;
    const char *side;       // IKELAB_SIDE
    const char *cell;       // IKELAB_CELL
    const char *directory;  // IKELAB_DIR
    const char *config;     // IKELAB_CONFIG
    const char *netns;      // IKELAB_NETNS
    const char *root;       // IKELAB_PEER_ROOT
    const char *bin;        // IKELAB_BIN
    const char *connection; // IKELAB_CONNECTION
    const char *child;      // IKELAB_CHILD
};

// What became of an operation. Release with operation_result_clear().
struct operation_result {
    enum operation_outcome outcome;
    int exit_code;     // -1 when ctl did not exit by itself
    int signal_number; // that ended ctl, or 0
    uint64_t took_us;
    char *output; // standard output, ends in a zero; never NULL
    size_t output_size;
    char error[OPERATION_ERROR_SIZE]; // beginning of standard error, or why there is none
};

// A running operation. Owned by the caller from operation_begin() to operation_finish().
struct operation {
    pid_t process;
    int process_handle; // pidfd
    int output;
    int error;
    uint64_t started_us;  // CLOCK_MONOTONIC
    uint64_t deadline_us; // CLOCK_MONOTONIC
    char failure[OPERATION_ERROR_SIZE];
};

// Starts `ctl NAME [ARGUMENT]`; `argument` may be NULL. Cannot fail: what went wrong is told by
// operation_finish(), which must follow. Two operations may run at once.
void operation_begin(const struct peer_adapter *adapter, const char *name, const char *argument,
                     uint64_t timeout_ms, struct operation *out_operation);
// Waits for the end or the deadline, and reaps the process.
void operation_finish(struct operation *operation, struct operation_result *out_result);
// Both in one.
void adapter_run(const struct peer_adapter *adapter, const char *name, const char *argument,
                 uint64_t timeout_ms, struct operation_result *out_result);
void operation_result_clear(struct operation_result *result);

// "done", "failed", "unsupported", ...
const char *operation_outcome_name(enum operation_outcome outcome);
// The budget of an operation by name, from the manifest's timers.
MUST_USE uint64_t adapter_budget_ms(const struct peer_manifest *manifest, const char *name);

#endif
