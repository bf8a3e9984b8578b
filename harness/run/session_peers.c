#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/peer/render.h"
#include "harness/peer/status.h"
#include "harness/run/session.h"

enum { FINISH_MILLISECONDS = 10000, MOST_LOG_LINE = 1024 };

static const enum cell_role gateway_roles[SESSION_SIDES] = {CELL_WEST, CELL_EAST};
static const enum cell_side gateway_sides[SESSION_SIDES] = {CELL_SIDE_WEST, CELL_SIDE_EAST};

static bool side_prepare(struct session *session, size_t index)
{
    struct session_side *side = &session->sides[index];
    char name[32];
    cell_network_name(&session->network, gateway_roles[index], side->netns);
    side->addresses =
        cell_network_addresses(&session->network.options, gateway_sides[index],
                               session->intent.is_over_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4);
    (void)snprintf(side->work, sizeof(side->work), "/tmp/ikl-%d-%u/%s", (int)getpid(),
                   session->cell->number, side->name);
    (void)snprintf(name, sizeof(name), "config/%s", side->name);
    session_path(session, name, side->config);
    side->adapter = (struct peer_adapter){
        .manifest = side->peer->manifest,
        .side = side->name,
        .cell = session->cell->id,
        .directory = side->work,
        .config = side->config,
        .netns = side->netns,
        .root = side->peer->root,
        .bin = session->options->paths.bin,
        .connection = session->intent.connection,
        .child = session->intent.child,
    };
    return mkdir(side->work, 0700) == 0 && lab_folder_make(side->config) &&
           chmod(side->config, 0700) == 0;
}

bool session_sides_prepare(struct session *session)
{
    char parent[SESSION_WORK_SIZE];
    (void)snprintf(parent, sizeof(parent), "/tmp/ikl-%d-%u", (int)getpid(), session->cell->number);
    // Only we can have made it, under a PID that was used before; otherwise mkdir() fails.
    struct stat status;
    if (lstat(parent, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid()) {
        (void)lab_folder_remove(parent);
    }
    if (mkdir(parent, 0700) != 0 || !side_prepare(session, SIDE_WEST) ||
        !side_prepare(session, SIDE_EAST)) {
        session_fail(session, PROBLEM_ENVIRONMENT, "cannot make the folders of the peers: %s",
                     strerror(errno));
        return false;
    }
    return true;
}

static enum step_result configure(struct session *session, struct session_side *side,
                                  char out_detail[SESSION_TEXT_SIZE])
{
    struct block_fault fault = {0};
    const enum scenario_side which = side == &session->sides[SIDE_WEST] ? SIDE_WEST : SIDE_EAST;
    const enum render_result result = render_config(side->peer->manifest, &session->intent, which,
                                                    side->work, side->config, &fault);
    if (result == RENDER_DONE) {
        side->is_configured = true;
        return STEP_RESULT_OK;
    }
    (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s (%s) cannot be configured: %s", side->name,
                   side->peer->manifest->name, fault.message);
    if (result == RENDER_UNSUPPORTED) {
        return STEP_RESULT_UNSUPPORTED;
    }
    session_fail(session, PROBLEM_HARNESS, "%s", out_detail);
    return STEP_RESULT_FAILED;
}

static enum step_result call_one(struct session *session, struct session_side *side,
                                 const char *name, char out_detail[SESSION_TEXT_SIZE])
{
    const struct session_call call = {
        .side = side, .name = name, .timeout_ms = adapter_budget_ms(side->peer->manifest, name)};
    struct operation_result result;
    session_call(session, &call, 1, &result);
    const enum step_result step = session_judge_operation(session, &call, &result, out_detail);
    operation_result_clear(&result);
    return step;
}

static void release_daemon(struct session_side *side)
{
    if (side->daemon_handle >= 0) {
        (void)close(side->daemon_handle);
    }
    side->daemon_handle = -1;
    side->daemon = 0;
}

// Asks for the daemon's PID and holds on to the process, so that a PID used again cannot mislead.
static void watch_daemon(struct session *session, struct session_side *side)
{
    const struct session_call call = {
        .side = side, .name = "pid", .timeout_ms = adapter_budget_ms(side->peer->manifest, "pid")};
    struct operation_result result;
    session_call(session, &call, 1, &result);
    char *end = NULL;
    const long pid = result.outcome == OPERATION_DONE ? strtol(result.output, &end, 10) : 0;
    if (pid > 1 && pid < INT32_MAX && side->daemon_handle < 0) {
        side->daemon = (pid_t)pid;
        side->daemon_handle = (int)syscall(SYS_pidfd_open, side->daemon, 0);
    }
    operation_result_clear(&result);
}

enum step_result session_side_start(struct session *session, struct session_side *side,
                                    char out_detail[SESSION_TEXT_SIZE])
{
    enum step_result result = STEP_RESULT_OK;
    if (side->is_running) {
        (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s runs already", side->name);
        return STEP_RESULT_FAILED;
    }
    if (!side->is_configured) {
        result = configure(session, side, out_detail);
    }
    if (result == STEP_RESULT_OK) {
        result = call_one(session, side, "prepare", out_detail);
    }
    if (result != STEP_RESULT_OK) {
        return result;
    }
    side->has_wait_status = false;
    release_daemon(side);
    result = call_one(session, side, "start", out_detail);
    // Also after a failed start: what half of it left must be stopped and must not pass for a crash.
    if (result != STEP_RESULT_OK) {
        return result;
    }
    side->is_running = true;
    watch_daemon(session, side);
    result = call_one(session, side, "wait-ready", out_detail);
    if (result == STEP_RESULT_OK && side->daemon_handle < 0) {
        watch_daemon(session, side);
    }
    if (side->daemon > 0 && side->daemon_handle < 0) {
        side->is_running = false;
        (void)snprintf(side->crash, sizeof(side->crash), "ended right after its start");
    }
    session_watch(session);
    if (side->crash[0] != '\0') {
        (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s ended while starting: %s", side->name,
                       side->crash);
        return STEP_RESULT_FAILED;
    }
    return result;
}

static uint64_t highest_generation(const json_t *list, uint64_t highest)
{
    size_t index;
    json_t *one;
    json_array_foreach(list, index, one)
    {
        const json_int_t generation = json_integer_value(json_object_get(one, "generation"));
        highest = generation > 0 && (uint64_t)generation > highest ? (uint64_t)generation : highest;
    }
    return highest;
}

static struct step_observation observe(const json_t *status)
{
    const struct status_counts counts = status_count(status);
    const json_t *ike = json_object_get(status, "ike");
    struct step_observation observed = {.ike_count = counts.ike,
                                        .child_count = counts.children,
                                        .ike_generation = highest_generation(ike, 0)};
    size_t index;
    json_t *one;
    json_array_foreach(ike, index, one)
    {
        observed.child_generation =
            highest_generation(json_object_get(one, "children"), observed.child_generation);
    }
    return observed;
}

json_t *session_status(struct session *session, struct session_side *side,
                       struct step_observation *out_observed)
{
    char reason[STATUS_REASON_SIZE];
    char detail[SESSION_TEXT_SIZE];
    const struct session_call call = {.side = side,
                                      .name = "status",
                                      .timeout_ms =
                                          adapter_budget_ms(side->peer->manifest, "status")};
    struct operation_result result;
    json_t *status = NULL;
    session_call(session, &call, 1, &result);
    if (session_judge_operation(session, &call, &result, detail) == STEP_RESULT_OK) {
        status = status_parse(result.output, result.output_size, reason);
        if (status == NULL && side->crash[0] == '\0') {
            session_fail(session, PROBLEM_HARNESS, "%s (%s): status breaks its form: %s",
                         side->name, side->peer->manifest->name, reason);
        }
    }
    operation_result_clear(&result);
    if (status != NULL) {
        *out_observed = observe(status);
    }
    return status;
}

// Whether the file has this very line.
static bool has_line(const char *path, const char *line)
{
    char *known = NULL;
    size_t size = 0;
    bool is_there = false;
    FILE *file = fopen(path, "re");
    while (file != NULL && !is_there && getline(&known, &size, file) > 0) {
        is_there = strcmp(known, line) == 0;
    }
    free(known);
    if (file != NULL) {
        (void)fclose(file);
    }
    return is_there;
}

static void merge_keys(const struct session *session, const struct session_side *side,
                       const char *name)
{
    char from[SESSION_PATH_SIZE];
    char to[SESSION_PATH_SIZE];
    char below[64];
    char *line = NULL;
    size_t size = 0;
    (void)snprintf(from, sizeof(from), "%s/%s", side->work, name);
    (void)snprintf(below, sizeof(below), "keys/%s", name);
    session_path(session, below, to);
    FILE *source = fopen(from, "re");
    if (source == NULL) {
        return;
    }
    ssize_t length;
    while ((length = getline(&line, &size, source)) > 0) {
        // A daemon may be in the middle of writing its last line; it is taken next time.
        if (line[0] == '#' || line[length - 1] != '\n' || has_line(to, line)) {
            continue;
        }
        FILE *target = fopen(to, "ae");
        if (target != NULL) {
            (void)fputs(line, target);
            (void)fclose(target);
        }
    }
    free(line);
    (void)fclose(source);
}

void session_collect_keys(struct session *session, struct session_side *side)
{
    const struct session_call call = {.side = side,
                                      .name = "keys",
                                      .timeout_ms =
                                          adapter_budget_ms(side->peer->manifest, "keys")};
    struct operation_result result;
    if (!side->is_configured || side->has_no_keys) {
        return;
    }
    session_call(session, &call, 1, &result);
    side->has_no_keys = result.outcome == OPERATION_UNSUPPORTED;
    operation_result_clear(&result);
    merge_keys(session, side, "ike.keys");
    merge_keys(session, side, "esp.keys");
}

// A sanitizer writes its report where the daemon writes its log. This is the one thing read there:
// no verdict hangs on words that a daemon chose.
static bool has_sanitizer_report(const char *path)
{
    char line[MOST_LOG_LINE];
    bool is_there = false;
    FILE *file = fopen(path, "re");
    while (file != NULL && !is_there && fgets(line, sizeof(line), file) != NULL) {
        is_there = strstr(line, "ERROR: AddressSanitizer") != NULL ||
                   strstr(line, "ERROR: LeakSanitizer") != NULL ||
                   strstr(line, ": runtime error: ") != NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return is_there;
}

static void copy_logs(struct session *session, struct session_side *side)
{
    char from[SESSION_WORK_SIZE + 8];
    char to[SESSION_PATH_SIZE];
    char source[sizeof(from) + 260];
    char target[sizeof(to) + 260];
    const struct dirent *entry;
    (void)snprintf(from, sizeof(from), "%s/logs", side->work);
    (void)snprintf(source, sizeof(source), "logs/%s", side->name);
    session_path(session, source, to);
    DIR *directory = opendir(from);
    if (directory == NULL || !lab_folder_make(to)) {
        (void)(directory != NULL && closedir(directory) != 0);
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        (void)snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
        (void)snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
        if (entry->d_type != DT_REG || !lab_file_copy(source, target)) {
            continue;
        }
        if (side->crash[0] == '\0' && has_sanitizer_report(target)) {
            (void)snprintf(side->crash, sizeof(side->crash), "sanitizer report in %.100s",
                           entry->d_name);
        }
    }
    (void)closedir(directory);
}

static void finish_call(struct session *session, struct session_side *side, const char *name)
{
    const uint64_t budget = adapter_budget_ms(side->peer->manifest, name);
    const struct session_call call = {
        .side = side,
        .name = name,
        .timeout_ms = budget < FINISH_MILLISECONDS ? budget : FINISH_MILLISECONDS};
    struct operation_result result;
    session_call(session, &call, 1, &result);
    operation_result_clear(&result);
}

// A daemon that dies of its own fault while it is being stopped.
static void note_end(struct session_side *side)
{
    static const int faults[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
    if (side->crash[0] != '\0' || !side->has_wait_status || !WIFSIGNALED(side->wait_status)) {
        return;
    }
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (WTERMSIG(side->wait_status) == faults[i]) {
            (void)snprintf(side->crash, sizeof(side->crash), "signal %d while stopping", faults[i]);
        }
    }
}

void session_side_finish(struct session *session, struct session_side *side)
{
    if (!side->is_configured) {
        return;
    }
    side->is_running = false;
    finish_call(session, side, "stop");
    note_end(side);
    finish_call(session, side, "logs");
    copy_logs(session, side);
    finish_call(session, side, "cleanup");
    release_daemon(side);
}
