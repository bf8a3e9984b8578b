#include "harness/run/cell_run.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/judge/judge.h"
#include "harness/run/impair_plan.h"
#include "harness/run/interrupt.h"
#include "harness/run/session.h"

enum {
    RELAY_MILLISECONDS = 5000,
    KEEP_PAUSE = 200,
    MOST_TIMEOUT_SECONDS = 3600,
};

void cell_run_folder(const struct cell *cell, const struct run_options *options, char *out_path,
                     size_t size)
{
    const int written = snprintf(out_path, size, "%s/cells/%s", options->out, cell->folder);
    if (written < 0 || (size_t)written >= size) {
        out_path[0] = '\0';
    }
}

static bool make_folders(struct session *session)
{
    static const char *const names[] = {"status", "keys", "config", "logs"};
    char path[SESSION_PATH_SIZE];
    if (session->folder[0] == '\0') {
        session_fail(session, PROBLEM_ENVIRONMENT, "the path of the output folder is too long");
        return false;
    }
    (void)lab_folder_remove(session->folder);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        session_path(session, names[i], path);
        if (!lab_folder_make(path)) {
            session_fail(session, PROBLEM_ENVIRONMENT, "cannot make %s: %s", path, strerror(errno));
            return false;
        }
    }
    session_path(session, "events.jsonl", path);
    session->events = fopen(path, "we");
    session_path(session, "scenario.scn", path);
    if (session->events == NULL || !lab_file_copy(session->cell->scenario->file, path)) {
        session_fail(session, PROBLEM_ENVIRONMENT, "cannot write to %s: %s", session->folder,
                     strerror(errno));
        return false;
    }
    return true;
}

// Everything that the scenario says, under this cell's variant.
static bool read_scenario(struct session *session)
{
    const struct cell *cell = session->cell;
    struct block_fault fault = {0};
    char psk[INTENT_PSK_SIZE];
    intent_cell_psk(cell->id, psk);
    const bool is_good =
        intent_from_scenario(cell->scenario, &cell->variant, psk, &session->intent, &fault) &&
        steps_parse(cell->scenario, &cell->variant, &session->steps, &fault) &&
        impair_plan_check(cell->scenario, &cell->variant, &fault) &&
        (cell->scenario->traffic == NULL ||
         probe_plan_read(cell->scenario, &cell->variant, &session->probe, &fault));
    if (!is_good) {
        session_fail(session, PROBLEM_HARNESS, "%s:%u:%u: %s", cell->scenario->file, fault.line,
                     fault.column, fault.message);
    }
    return is_good;
}

static bool needs_ipv6(const struct session *session)
{
    bool found = session->intent.is_over_ipv6 || session->probe.family == ADDRESS_IPV6;
    for (size_t i = 0; i < INTENT_SIDES; i++) {
        const struct intent_side *side = &session->intent.sides[i];
        for (size_t k = 0; k < side->selector_count; k++) {
            found = found || strchr(side->selectors[k], ':') != NULL;
        }
    }
    return found;
}

static bool build_network(struct session *session)
{
    const struct cell_network_options options = {
        .number = session->cell->number,
        .west_nat = session->cell->scenario->topology.west_nat,
        .east_nat = session->cell->scenario->topology.east_nat,
        .ipv6 = needs_ipv6(session),
    };
    char error[LAB_ERROR_SIZE];
    if (!cell_network_build(&options, &session->network, error)) {
        session_fail(session, PROBLEM_ENVIRONMENT, "network: %s", error);
        return false;
    }
    if (session->options->prints_commands) {
        (void)fprintf(stderr, "# %s\n", session->cell->id);
        cell_network_print_commands(&session->network, stderr);
    }
    return true;
}

static bool write_rules(struct session *session, const char *path)
{
    FILE *rules = fopen(path, "we");
    bool is_good =
        rules != NULL && impair_plan_write(session->cell->scenario, &session->cell->variant, rules);
    if (rules != NULL && fclose(rules) != 0) {
        is_good = false;
    }
    if (!is_good) {
        session_fail(session, PROBLEM_ENVIRONMENT, "cannot write %s", path);
    }
    return is_good;
}

static bool start_relay(struct session *session)
{
    char capture[SESSION_PATH_SIZE];
    char report[SESSION_PATH_SIZE];
    char rules[SESSION_PATH_SIZE];
    char log[SESSION_PATH_SIZE];
    char netns[CELL_NAME_SIZE];
    char error[LAB_ERROR_SIZE];
    session_path(session, "wan.pcapng", capture);
    session_path(session, "relay.json", report);
    session_path(session, "config/relay.rules", rules);
    session_path(session, "logs/relay.log", log);
    cell_network_name(&session->network, CELL_WAN, netns);
    if (!write_rules(session, rules)) {
        return false;
    }
    const struct relay_options options = {.program = session->options->paths.program,
                                          .namespace_name = netns,
                                          .capture_path = capture,
                                          .report_path = report,
                                          .rules_path = rules,
                                          .log_path = log,
                                          .seed = session->options->seed};
    session->has_relay = relay_start(&options, RELAY_MILLISECONDS, &session->relay, error);
    if (!session->has_relay) {
        session_fail(session, PROBLEM_ENVIRONMENT, "relay: %s", error);
    }
    return session->has_relay;
}

static void keep(struct session *session)
{
    if (!session->options->keeps || interrupt_requested()) {
        return;
    }
    (void)fprintf(stderr, "# %s stays up; look around with\n", session->cell->id);
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        (void)fprintf(stderr, "#   ip netns exec %s sh        # work folder %s\n",
                      session->sides[i].netns, session->sides[i].work);
    }
    (void)fprintf(stderr, "# Ctrl-C takes it down and judges it\n");
    while (!interrupt_requested()) {
        interrupt_wait(KEEP_PAUSE);
        session_watch(session);
    }
    interrupt_forget();
    session->was_kept = true;
}

static void stop_relay(struct session *session)
{
    char how[64];
    if (!session->has_relay) {
        return;
    }
    if (!relay_stop(&session->relay, RELAY_MILLISECONDS)) {
        process_describe(&session->relay.process, how, sizeof(how));
        session_fail(session, PROBLEM_HARNESS, "the relay did not end in order: %s", how);
    }
}

// From here on nothing is cut short: what runs must be taken down, and the evidence completed.
static void take_down(struct session *session)
{
    char work[SESSION_WORK_SIZE];
    session->is_ending = true;
    session_watch(session);
    session_traffic_finish(session);
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        struct session_side *side = &session->sides[i];
        side->is_alive_at_end = side->is_running;
        if (side->is_running) {
            session_collect_keys(session, side);
        }
    }
    // Before the peers stop: what they say good-bye with is no part of the scenario.
    stop_relay(session);
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        session_side_finish(session, &session->sides[i]);
    }
    if (!cell_network_remove(&session->network)) {
        session_fail(session, PROBLEM_ENVIRONMENT, "a network namespace could not be removed");
    }
    (void)snprintf(work, sizeof(work), "/tmp/ikl-%d-%u", (int)getpid(), session->cell->number);
    if (!lab_folder_remove(work)) {
        session_fail(session, PROBLEM_ENVIRONMENT, "%s could not be removed", work);
    }
}

static void run_everything(struct session *session)
{
    if (!make_folders(session) || !read_scenario(session) || !build_network(session) ||
        !session_sides_prepare(session) || !start_relay(session) ||
        !session_traffic_start(session)) {
        return;
    }
    session->ready_us = lab_time_us();
    session->deadline_ms =
        lab_monotonic_ms() + (uint64_t)session->cell->scenario->timeout_seconds * 1000;
    session_steps_run(session);
    keep(session);
}

static struct session *session_new(const struct cell *cell, const struct run_options *options)
{
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL) {
        return NULL;
    }
    *session = (struct session){
        .cell = cell,
        .options = options,
        .started_us = lab_time_us(),
        .deadline_ms = lab_monotonic_ms() + (uint64_t)MOST_TIMEOUT_SECONDS * 1000,
        .step_records = json_array(),
        .snapshots = json_array(),
        .sides = {{.peer = cell->peers.west, .name = "west", .daemon_handle = -1},
                  {.peer = cell->peers.east, .name = "east", .daemon_handle = -1}},
    };
    session->relay.control = -1;
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        session->sides[i].traffic.control = -1;
        session->sides[i].traffic.process.descriptor = -1;
    }
    cell_run_folder(cell, options, session->folder, sizeof(session->folder));
    return session;
}

static void session_free(struct session *session)
{
    if (session->events != NULL) {
        (void)fclose(session->events);
    }
    json_decref(session->step_records);
    json_decref(session->snapshots);
    free(session);
}

bool cell_run(const struct cell *cell, const struct run_options *options)
{
    struct judge_summary summary = {0};
    struct session *session = session_new(cell, options);
    if (session == NULL) {
        return false;
    }
    // Daemons that leave their ctl become our children, so that we see how they end.
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    run_everything(session);
    take_down(session);
    if (interrupt_requested() && !session->was_kept) {
        session_fail(session, PROBLEM_ENVIRONMENT, "interrupted");
    }
    session->ended_us = lab_time_us();
    bool is_good = session_write(session);
    is_good = is_good && judge_cell(session->folder, &summary);
    session_free(session);
    return is_good;
}

void cell_run_sweep(const struct cell *cell, int worker)
{
    char work[SESSION_WORK_SIZE];
    struct cell_network network = {
        .options = {.number = cell->number,
                    .west_nat = cell->scenario->topology.west_nat,
                    .east_nat = cell->scenario->topology.east_nat},
        .owner = worker,
        .is_built = true,
    };
    (void)cell_network_remove(&network);
    (void)snprintf(work, sizeof(work), "/tmp/ikl-%d-%u", worker, cell->number);
    (void)lab_folder_remove(work);
}

void cell_run_sweep_all(void)
{
    const struct dirent *entry;
    char path[320];
    (void)cell_network_sweep();
    DIR *directory = opendir("/tmp");
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        struct stat status;
        char *end = NULL;
        if (strncmp(entry->d_name, "ikl-", 4) != 0) {
            continue;
        }
        const long pid = strtol(entry->d_name + 4, &end, 10);
        (void)snprintf(path, sizeof(path), "/tmp/%s", entry->d_name);
        if (pid > 1 && *end == '-' && kill((pid_t)pid, 0) != 0 && errno == ESRCH &&
            lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid()) {
            (void)lab_folder_remove(path);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
}
