#include <string.h>

#include "harness/run/interrupt.h"
#include "harness/run/session.h"

enum {
    FIRST_PAUSE = 20, // milliseconds between two looks; grows by a quarter each time
    MOST_PAUSE = 250,
};

static const char *result_name(enum step_result result)
{
    switch (result) {
    case STEP_RESULT_OK:
        return "ok";
    case STEP_RESULT_TIMEOUT:
        return "timeout";
    case STEP_RESULT_FAILED:
        return "failed";
    case STEP_RESULT_UNSUPPORTED:
        return "unsupported";
    case STEP_RESULT_ENVIRONMENT:
        return "environment";
    case STEP_RESULT_NOT_REACHED:
        break;
    }
    return "not-reached";
}

static bool covers(enum scenario_side scope, size_t index)
{
    return scope == SIDE_BOTH || (size_t)scope == index;
}

// What the condition compares with on one side. False when the state cannot be had just now.
static bool observe(struct session *session, const struct step_condition *condition, size_t index,
                    struct step_observation *out_observed)
{
    struct session_side *side = &session->sides[index];
    struct traffic_counts counts = {0};
    *out_observed = (struct step_observation){0};
    if (step_condition_wants_status(condition) && side->is_running) {
        json_t *status = session_status(session, side, out_observed);
        json_decref(status);
        if (status == NULL) {
            return false;
        }
    }
    if (step_condition_wants_traffic(condition)) {
        if (!traffic_stat(&side->traffic, &counts)) {
            session_fail(session, PROBLEM_HARNESS, "traffic: a probe does not answer");
            return false;
        }
        out_observed->received = counts.received - side->received_before;
    }
    return true;
}

// Looks once at every side in scope; what was seen goes to `out_seen` for people.
static bool condition_holds(struct session *session, const struct step_condition *condition,
                            char out_seen[SESSION_TEXT_SIZE])
{
    bool holds = true;
    size_t used = 0;
    out_seen[0] = '\0';
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        struct step_observation seen;
        if (!covers(condition->side, i)) {
            continue;
        }
        const bool is_known = observe(session, condition, i, &seen);
        holds = holds && is_known && step_condition_holds(condition, &seen);
        const int added =
            snprintf(out_seen + used, SESSION_TEXT_SIZE - used,
                     is_known ? "%s%s has ike=%u child=%u received=%u" : "%s%s gives no status",
                     used == 0 ? "" : ", ", session->sides[i].name, (unsigned)seen.ike_count,
                     (unsigned)seen.child_count, (unsigned)seen.received);
        used += added > 0 ? (size_t)added : 0;
        used = used < SESSION_TEXT_SIZE ? used : SESSION_TEXT_SIZE - 1;
    }
    return holds;
}

static const struct session_side *crashed_side(const struct session *session)
{
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        if (session->sides[i].crash[0] != '\0') {
            return &session->sides[i];
        }
    }
    return NULL;
}

static enum step_result wait_until(struct session *session, const struct step *step,
                                   uint64_t started_ms, char out_detail[SESSION_TEXT_SIZE])
{
    const uint64_t deadline = started_ms + step->within_milliseconds;
    unsigned pause = FIRST_PAUSE;
    char seen[SESSION_TEXT_SIZE];
    for (;;) {
        // Looked at once more after the deadline: an operation may have used up the whole time.
        const bool is_late = lab_monotonic_ms() >= deadline;
        if (condition_holds(session, &step->until, seen)) {
            return STEP_RESULT_OK;
        }
        const struct session_side *crashed = crashed_side(session);
        if (crashed != NULL) {
            (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s ended: %s", crashed->name,
                           crashed->crash);
            return STEP_RESULT_FAILED;
        }
        if (session->problem != PROBLEM_NONE) {
            (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s", session->problem_text);
            return STEP_RESULT_ENVIRONMENT;
        }
        if (is_late || session_is_over(session)) {
            (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%.500s after %llu ms%s", seen,
                           (unsigned long long)(lab_monotonic_ms() - started_ms),
                           is_late ? "" : ", and the time of the whole cell is over");
            return STEP_RESULT_TIMEOUT;
        }
        interrupt_wait(pause);
        session_watch(session);
        pause = pause + pause / 4 < MOST_PAUSE ? pause + pause / 4 : MOST_PAUSE;
    }
}

static enum step_result hold(struct session *session, uint64_t milliseconds,
                             char out_detail[SESSION_TEXT_SIZE])
{
    const uint64_t deadline = lab_monotonic_ms() + milliseconds;
    for (;;) {
        const uint64_t now = lab_monotonic_ms();
        session_watch(session);
        const struct session_side *crashed = crashed_side(session);
        if (crashed != NULL) {
            (void)snprintf(out_detail, SESSION_TEXT_SIZE, "%s ended: %s", crashed->name,
                           crashed->crash);
            return STEP_RESULT_FAILED;
        }
        if (now >= deadline) {
            return STEP_RESULT_OK;
        }
        if (session_is_over(session)) {
            (void)snprintf(out_detail, SESSION_TEXT_SIZE, "the time of the whole cell is over");
            return STEP_RESULT_TIMEOUT;
        }
        interrupt_wait(deadline - now < FIRST_PAUSE ? (unsigned)(deadline - now) : FIRST_PAUSE);
    }
}

static enum step_result judge_expected(const struct step_operation *operation,
                                       enum step_result result, char out_detail[SESSION_TEXT_SIZE])
{
    if (!operation->expects_failure) {
        return result;
    }
    if (result == STEP_RESULT_OK) {
        (void)snprintf(out_detail, SESSION_TEXT_SIZE,
                       "%s succeeded, and the step expects it to fail",
                       step_action_name(operation->action));
        return STEP_RESULT_FAILED;
    }
    if (result == STEP_RESULT_FAILED) {
        out_detail[0] = '\0';
        return STEP_RESULT_OK;
    }
    return result;
}

// Peer operations side by side; the first that does not come out well is the step's result.
static enum step_result run_calls(struct session *session, const struct step *step,
                                  char out_detail[SESSION_TEXT_SIZE])
{
    struct session_call calls[STEP_MOST_OPERATIONS];
    struct operation_result results[STEP_MOST_OPERATIONS];
    enum step_result result = STEP_RESULT_OK;
    for (size_t i = 0; i < step->operation_count; i++) {
        const struct step_operation *operation = &step->operations[i];
        struct session_side *side = &session->sides[operation->side];
        const char *name = step_action_name(operation->action);
        calls[i] = (struct session_call){
            .side = side,
            .name = name,
            .argument = operation->argument[0] != '\0' ? operation->argument : NULL,
            .timeout_ms = adapter_budget_ms(side->peer->manifest, name)};
        if (operation->action == STEP_STOP || operation->action == STEP_KILL) {
            side->is_running = false;
        }
    }
    session_call(session, calls, step->operation_count, results);
    for (size_t i = 0; i < step->operation_count; i++) {
        char detail[SESSION_TEXT_SIZE] = "";
        enum step_result one = session_judge_operation(session, &calls[i], &results[i], detail);
        if (session->problem == PROBLEM_NONE && calls[i].side->crash[0] == '\0') {
            one = judge_expected(&step->operations[i], one, detail);
        }
        if (result == STEP_RESULT_OK && one != STEP_RESULT_OK) {
            result = one;
            memcpy(out_detail, detail, sizeof(detail));
        }
        operation_result_clear(&results[i]);
    }
    return result;
}

static enum step_result run_operations(struct session *session, const struct step *step,
                                       char out_detail[SESSION_TEXT_SIZE])
{
    const struct step_operation *first = &step->operations[0];
    if (step->operation_count == 0) {
        return STEP_RESULT_OK;
    }
    if (first->action == STEP_START && step->operation_count == 1) {
        return session_side_start(session, &session->sides[first->side], out_detail);
    }
    if (first->action == STEP_HOLD) {
        return hold(session, first->hold_milliseconds, out_detail);
    }
    if (first->action == STEP_TRAFFIC_ON || first->action == STEP_TRAFFIC_OFF) {
        if (first->action == STEP_TRAFFIC_ON) {
            session_traffic_on(session);
        } else {
            session_traffic_off(session);
        }
        return session->problem == PROBLEM_NONE ? STEP_RESULT_OK : STEP_RESULT_ENVIRONMENT;
    }
    return run_calls(session, step, out_detail);
}

static void record_step(struct session *session, const struct step *step, enum step_result result,
                        uint64_t started_us, const char *detail)
{
    const uint64_t ended_us = result == STEP_RESULT_NOT_REACHED ? started_us : lab_time_us();
    json_t *record = json_pack(
        "{s:i, s:i, s:s, s:I, s:I, s:s, s:s, s:s}", "number", (int)step->number, "line",
        (int)step->line, "text", step->text, "started_us", (json_int_t)started_us, "ended_us",
        (json_int_t)ended_us, "result", result_name(result), "detail", detail, "mark", step->mark);
    if (record == NULL) {
        return;
    }
    if (result != STEP_RESULT_NOT_REACHED) {
        session_event(session, json_pack("{s:s, s:O}", "event", "step", "step", record));
    }
    (void)json_array_append_new(session->step_records, record);
}

static enum step_result run_step(struct session *session, const struct step *step)
{
    char detail[SESSION_TEXT_SIZE] = "";
    const uint64_t started_us = lab_time_us();
    const uint64_t started_ms = lab_monotonic_ms();
    enum step_result result = run_operations(session, step, detail);
    if (result == STEP_RESULT_OK && step->until.term_count > 0) {
        result = wait_until(session, step, started_ms, detail);
    }
    if (result != STEP_RESULT_OK && interrupt_requested() && !session->is_ending) {
        session_fail(session, PROBLEM_ENVIRONMENT, "interrupted in step %u", step->number);
    }
    record_step(session, step, result, started_us, detail);
    return result;
}

// Tells the relay where `mark NAME { }` begins and ends.
static void change_mark(struct session *session, const char *old, const char *new)
{
    if (strcmp(old, new) == 0) {
        return;
    }
    if ((old[0] != '\0' && !relay_phase(&session->relay, old, false)) ||
        (new[0] != '\0' && !relay_phase(&session->relay, new, true))) {
        session_fail(session, PROBLEM_HARNESS, "the relay does not answer");
    }
}

void session_snapshot(struct session *session, unsigned step)
{
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        struct session_side *side = &session->sides[i];
        struct step_observation seen;
        char name[64];
        char path[SESSION_PATH_SIZE];
        json_t *status = side->is_running ? session_status(session, side, &seen) : NULL;
        if (status == NULL) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "status/%u-%s.json", step, side->name);
        session_path(session, name, path);
        if (json_dump_file(status, path, JSON_INDENT(2)) != 0) {
            session_fail(session, PROBLEM_ENVIRONMENT, "cannot write %s", path);
        }
        (void)json_array_append_new(session->snapshots,
                                    json_pack("{s:i, s:s, s:I, s:s}", "step", (int)step, "side",
                                              side->name, "at_us", (json_int_t)lab_time_us(),
                                              "file", name));
        json_decref(status);
        session_collect_keys(session, side);
    }
}

void session_steps_run(struct session *session)
{
    const struct step_list *list = &session->steps;
    const char *mark = "";
    enum step_result result = STEP_RESULT_OK;
    for (size_t i = 0; i < list->count; i++) {
        const struct step *step = &list->steps[i];
        if (result != STEP_RESULT_OK || session->problem != PROBLEM_NONE) {
            record_step(session, step, STEP_RESULT_NOT_REACHED, lab_time_us(), "");
            continue;
        }
        change_mark(session, mark, step->mark);
        mark = step->mark;
        result = run_step(session, step);
        const bool is_last_of_number =
            i + 1 == list->count || list->steps[i + 1].number != step->number;
        // The state at the failure is evidence, also when it came because the time is over.
        session->is_ending = result != STEP_RESULT_OK && !interrupt_requested();
        if (is_last_of_number || result != STEP_RESULT_OK) {
            session_snapshot(session, step->number);
        }
    }
    change_mark(session, mark, "");
}
