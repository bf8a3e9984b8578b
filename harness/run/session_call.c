// Operations of the peers: waiting for them, watching the daemons meanwhile, and what an outcome
// means.
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/run/interrupt.h"
#include "harness/run/session.h"

enum {
    WAIT_MILLISECONDS = 20,
    MOST_PENDING = 16 * 1024, // a pipe holds 64 KiB: read before the writer has to wait
    MOST_CHILDREN = 4096,
};

bool session_is_over(const struct session *session)
{
    return !session->is_ending &&
           (interrupt_requested() || lab_monotonic_ms() >= session->deadline_ms);
}

static bool is_known_child(const struct session *session, const struct operation *operations,
                           size_t count, pid_t child)
{
    for (size_t i = 0; i < count; i++) {
        if (operations[i].process == child) {
            return true;
        }
    }
    return child == session->relay.process.pid ||
           child == session->sides[SIDE_WEST].traffic.process.pid ||
           child == session->sides[SIDE_EAST].traffic.process.pid;
}

// Collects one orphan if it has ended, and keeps what the kernel says about a daemon.
static void reap(struct session *session, pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) {
        return;
    }
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        if (session->sides[i].daemon == child) {
            session->sides[i].wait_status = status;
            session->sides[i].has_wait_status = true;
        }
    }
}

// Daemons leave their ctl and become our children (we are a subreaper). They must be collected
// as soon as they end: `ctl stop` waits until the process is gone, and a zombie is not.
static void reap_orphans(struct session *session, const struct operation *operations, size_t count)
{
    char text[MOST_CHILDREN];
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    const size_t size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    char *next = text;
    for (;;) {
        char *end = NULL;
        const long child = strtol(next, &end, 10);
        if (end == next || child <= 0) {
            return;
        }
        if (!is_known_child(session, operations, count, (pid_t)child)) {
            reap(session, (pid_t)child);
        }
        next = end;
    }
}

static void describe_end(struct session_side *side)
{
    if (side->has_wait_status && WIFSIGNALED(side->wait_status)) {
        (void)snprintf(side->crash, sizeof(side->crash), "signal %d", WTERMSIG(side->wait_status));
    } else if (side->has_wait_status) {
        (void)snprintf(side->crash, sizeof(side->crash), "exit %d", WEXITSTATUS(side->wait_status));
    } else {
        (void)snprintf(side->crash, sizeof(side->crash), "ended unasked");
    }
}

static void watch(struct session *session, const struct operation *operations, size_t count)
{
    reap_orphans(session, operations, count);
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        struct session_side *side = &session->sides[i];
        struct pollfd handle = {.fd = side->daemon_handle, .events = POLLIN};
        if (!side->is_running || side->daemon_handle < 0 || poll(&handle, 1, 0) <= 0) {
            continue;
        }
        // Readable from the moment it became a zombie; the orphan is there to be collected now.
        reap_orphans(session, operations, count);
        side->is_running = false;
        describe_end(side);
        session_event(session, json_pack("{s:s, s:s, s:s}", "event", "crash", "side", side->name,
                                         "text", side->crash));
    }
}

void session_watch(struct session *session)
{
    watch(session, NULL, 0);
}

static bool has_ended(const struct operation *operation)
{
    struct pollfd handle = {.fd = operation->process_handle, .events = POLLIN};
    int pending = 0;
    if (operation->process_handle < 0 || poll(&handle, 1, 0) > 0) {
        return true;
    }
    // What has much to say must be listened to: operation_finish() does.
    return operation->output >= 0 && ioctl(operation->output, FIONREAD, &pending) == 0 &&
           pending > MOST_PENDING;
}

static void wait_for_all(struct session *session, struct operation *operations, size_t count)
{
    size_t ended = 0;
    while (ended < count && !session_is_over(session)) {
        if (has_ended(&operations[ended])) {
            ended++;
            continue;
        }
        struct pollfd handle = {.fd = operations[ended].process_handle, .events = POLLIN};
        (void)poll(&handle, 1, WAIT_MILLISECONDS);
        watch(session, operations, count);
        const bool is_late = lab_monotonic_ms() >= operations[ended].deadline_us / 1000;
        ended += is_late ? 1 : 0;
    }
    // Cut short: operation_finish() kills what still runs.
    for (size_t i = ended; i < count; i++) {
        operations[i].deadline_us = 0;
    }
}

static void print_command(const struct session *session, const struct session_call *call)
{
    const struct peer_adapter *adapter = &call->side->adapter;
    if (!session->options->prints_commands || strcmp(call->name, "status") == 0 ||
        strcmp(call->name, "pid") == 0) {
        return;
    }
    (void)fprintf(stderr,
                  "IKELAB_SIDE=%s IKELAB_CELL='%s' IKELAB_DIR=%s IKELAB_CONFIG='%s' "
                  "IKELAB_NETNS=%s IKELAB_PEER_ROOT='%s' IKELAB_BIN=%s IKELAB_CONNECTION=%s "
                  "IKELAB_CHILD=%s %s/ctl %s%s%s\n",
                  adapter->side, adapter->cell, adapter->directory, adapter->config, adapter->netns,
                  adapter->root, adapter->bin, adapter->connection, adapter->child,
                  adapter->manifest->folder, call->name, call->argument != NULL ? " " : "",
                  call->argument != NULL ? call->argument : "");
}

static void record_call(struct session *session, const struct session_call *call,
                        const struct operation_result *result)
{
    // The many polls of `until` would bury everything else.
    if (strcmp(call->name, "status") == 0 && result->outcome == OPERATION_DONE) {
        return;
    }
    session_event(session, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s%}", "event", "operation",
                                     "side", call->side->name, "operation", call->name, "outcome",
                                     operation_outcome_name(result->outcome), "took_us",
                                     (json_int_t)result->took_us, "error", result->error,
                                     strnlen(result->error, sizeof(result->error))));
}

void session_call(struct session *session, const struct session_call *calls, size_t count,
                  struct operation_result *out_results)
{
    struct operation operations[STEP_MOST_OPERATIONS];
    for (size_t i = 0; i < count; i++) {
        const uint64_t now = lab_monotonic_ms();
        const uint64_t left = session->deadline_ms > now ? session->deadline_ms - now : 1;
        const uint64_t timeout =
            !session->is_ending && left < calls[i].timeout_ms ? left : calls[i].timeout_ms;
        print_command(session, &calls[i]);
        operation_begin(&calls[i].side->adapter, calls[i].name, calls[i].argument, timeout,
                        &operations[i]);
    }
    wait_for_all(session, operations, count);
    for (size_t i = 0; i < count; i++) {
        operation_finish(&operations[i], &out_results[i]);
        record_call(session, &calls[i], &out_results[i]);
    }
    session_watch(session);
}

// Operations that carry out an exchange: the other side may be the reason that they take long.
static bool is_exchange(const char *name)
{
    static const char *const names[] = {"up", "down", "rekey-child", "rekey-ike", "dpd", "roam"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void fail_call(struct session *session, const struct session_call *call,
                      enum session_problem problem, const char *detail)
{
    session_fail(session, problem, "%s (%s): %s: %s", call->side->name,
                 call->side->peer->manifest->name, call->name, detail);
}

enum step_result session_judge_operation(struct session *session, const struct session_call *call,
                                         const struct operation_result *result,
                                         char out_detail[SESSION_TEXT_SIZE])
{
    const char *said = result->error[0] != '\0' ? result->error : "it says nothing";
    (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s %s: %.*s", call->name, call->side->name,
                   (int)strcspn(said, "\n"), said);
    switch (result->outcome) {
    case OPERATION_DONE:
        out_detail[0] = '\0';
        return STEP_RESULT_OK;
    case OPERATION_FAILED:
        return STEP_RESULT_FAILED;
    case OPERATION_UNSUPPORTED:
        return STEP_RESULT_UNSUPPORTED;
    case OPERATION_TEMPORARY:
        fail_call(session, call, PROBLEM_ENVIRONMENT, said);
        return STEP_RESULT_ENVIRONMENT;
    case OPERATION_CANNOT_RUN:
        fail_call(session, call, PROBLEM_SKIPPED, said);
        return STEP_RESULT_ENVIRONMENT;
    case OPERATION_DEADLINE:
    case OPERATION_BAD_CALL:
    case OPERATION_BROKEN:
        break;
    }
    if (call->side->crash[0] != '\0' || session_is_over(session)) {
        return STEP_RESULT_FAILED;
    }
    if (result->outcome == OPERATION_DEADLINE) {
        (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s %s: no end within %llu ms", call->name,
                       call->side->name, (unsigned long long)call->timeout_ms);
        if (is_exchange(call->name)) {
            return STEP_RESULT_FAILED;
        }
        fail_call(session, call, PROBLEM_ENVIRONMENT, "it did not end within its time");
        return STEP_RESULT_ENVIRONMENT;
    }
    fail_call(session, call, PROBLEM_HARNESS, said);
    return STEP_RESULT_FAILED;
}
