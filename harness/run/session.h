// session.h - one cell while it runs. Internal to the runner: cell_run.h is the way in.
//
// Whatever goes wrong is recorded (a step's result, a side's crash, the cell's problem) and the
// cell goes on to its end, so that everything is taken down and all evidence is written. No
// verdict is made here.
#ifndef HARNESS_RUN_SESSION_H
#define HARNESS_RUN_SESSION_H

#include <jansson.h>

#include "harness/network/cell_network.h"
#include "harness/peer/adapter.h"
#include "harness/peer/intent.h"
#include "harness/relay/relay.h"
#include "harness/run/cell_run.h"
#include "harness/run/probe_plan.h"
#include "harness/run/steps.h"
#include "harness/traffic/traffic.h"

enum {
    SESSION_SIDES = 2, // indexed by SIDE_WEST, SIDE_EAST
    SESSION_TEXT_SIZE = 640,
    SESSION_PATH_SIZE = LAB_PATH_SIZE + CELL_ID_SIZE + 64,
    SESSION_WORK_SIZE = 64, // short, because sockets live there and their paths hold 107 bytes
};

enum session_problem {
    PROBLEM_NONE,
    PROBLEM_ENVIRONMENT, // the machine was in the way; tried again
    PROBLEM_HARNESS,     // the lab or an adapter broke its contract
    PROBLEM_SKIPPED,     // a peer says that it cannot run here
};

enum step_result {
    STEP_RESULT_OK,
    STEP_RESULT_TIMEOUT,
    STEP_RESULT_FAILED,
    STEP_RESULT_UNSUPPORTED,
    STEP_RESULT_ENVIRONMENT,
    STEP_RESULT_NOT_REACHED,
};

struct session_side {
    const struct lab_peer *peer;
    const char *name; // "west"
    struct cell_addresses addresses;
    char netns[CELL_NAME_SIZE];
    char work[SESSION_WORK_SIZE];   // IKELAB_DIR
    char config[SESSION_PATH_SIZE]; // IKELAB_CONFIG
    struct peer_adapter adapter;
    bool is_configured;
    bool is_running;   // started, and neither stopped nor killed on request
    bool has_no_keys;  // answered 127 to `keys`
    pid_t daemon;      // 0 when not known
    int daemon_handle; // pidfd, -1 when not known
    bool is_alive_at_end;
    char crash[160];      // "" when it did not end unasked
    int wait_status;      // of the daemon, once it has_ended
    bool has_wait_status; // it was our orphan, so that we know how it ended
    struct traffic traffic;
    uint64_t received_before; // at `traffic NAME on`
};

struct session {
    const struct cell *cell;
    const struct run_options *options;
    char folder[SESSION_PATH_SIZE]; // OUT/cells/DIR
    uint64_t started_us;
    uint64_t ended_us;
    uint64_t ready_us;    // when the steps began
    uint64_t deadline_ms; // CLOCK_MONOTONIC, of all steps together
    FILE *events;
    struct intent intent;
    struct step_list steps;
    struct probe_plan probe;
    struct cell_network network;
    struct relay relay;
    bool has_relay;
    bool has_traffic;
    bool is_traffic_on;
    struct session_side sides[SESSION_SIDES];
    bool was_kept;        // up until a signal came, which was then what everybody waited for
    json_t *step_records; // as in cell.json
    json_t *snapshots;
    bool is_ending; // taking down: signals and the deadline no longer cut operations short
    enum session_problem problem;
    char problem_text[SESSION_TEXT_SIZE];
};

// session_events.c ---------------------------------------------------------------------------

// Adds one line to events.jsonl, at once; takes over `event`, which gets the time.
void session_event(struct session *session, json_t *event);
// Records the first problem; later ones only show in the events.
void session_fail(struct session *session, enum session_problem problem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Path below the cell's folder; "" when it does not fit, which the caller's next call on it fails
// with.
void session_path(const struct session *session, const char *name,
                  char out_path[SESSION_PATH_SIZE]);

// session_peers.c ----------------------------------------------------------------------------

// Names, folders and environment of both sides.
MUST_USE bool session_sides_prepare(struct session *session);
// Starts operations on one or several sides at once and waits for all of them; looks at signals,
// deadlines and crashes meanwhile. `results` has room for `count` and is cleared by the caller.
struct session_call {
    struct session_side *side;
    const char *name;
    const char *argument;
    uint64_t timeout_ms;
};
void session_call(struct session *session, const struct session_call *calls, size_t count,
                  struct operation_result *out_results);
// Renders, prepares, starts, waits until it listens, and begins to watch the daemon.
enum step_result session_side_start(struct session *session, struct session_side *side,
                                    char out_detail[SESSION_TEXT_SIZE]);
// Looks whether a daemon ended unasked. Cheap; called in every wait.
void session_watch(struct session *session);
// Whether the steps must end now: a signal, or the time of the whole cell is over.
MUST_USE bool session_is_over(const struct session *session);
// What the outcome of an operation means for the step that asked for it; records problems.
enum step_result session_judge_operation(struct session *session, const struct session_call *call,
                                         const struct operation_result *result,
                                         char out_detail[SESSION_TEXT_SIZE]);
// The SA state of a side, and what the conditions compare with. The caller releases with
// json_decref(). NULL when it cannot be had; an answer that breaks the contract is a problem.
MUST_USE json_t *session_status(struct session *session, struct session_side *side,
                                struct step_observation *out_observed);
// Adds the side's keys to keys/, each line once.
void session_collect_keys(struct session *session, struct session_side *side);
// Orderly stop, logs, cleanup: always, whatever happened before.
void session_side_finish(struct session *session, struct session_side *side);

// session_traffic.c --------------------------------------------------------------------------

MUST_USE bool session_traffic_start(struct session *session);
void session_traffic_on(struct session *session);
void session_traffic_off(struct session *session);
// Ends both probes and writes traffic.json.
void session_traffic_finish(struct session *session);

// session_steps.c ----------------------------------------------------------------------------

// Carries out the steps until one does not come out well; records all of them.
void session_steps_run(struct session *session);
// SA state of both running sides as status/STEP-SIDE.json.
void session_snapshot(struct session *session, unsigned step);

// session_write.c ----------------------------------------------------------------------------

// Writes cell.json. False when the disk refuses.
MUST_USE bool session_write(struct session *session);

#endif
