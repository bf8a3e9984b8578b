#include "harness/run/run_pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/network/process.h"
#include "harness/run/interrupt.h"
#include "harness/run/result_entry.h"

enum {
    MOST_ATTEMPTS = 3, // one, and two more when only the environment was at fault
    LOOK_MILLISECONDS = 25,
    PROGRESS_MILLISECONDS = 250,
    // What a cell may take besides its own timeout: start, take-down, judge.
    SPARE_MILLISECONDS = 90 * 1000,
    WORKER_DONE = 0,
    WORKER_FAILED = 3,
};

struct worker {
    pid_t pid; // 0: free
    size_t cell;
    uint64_t deadline_ms;
    uint64_t started_us;
    bool was_told_to_end;
};

// Earlier tries of one cell, as in result.json; NULL without.
struct attempts {
    json_t *list;
};

struct pool {
    const struct run_plan *plan;
    const struct run_options *options;
    const struct run_watcher *watcher;
    struct run_result *results;
    struct worker *workers;
    size_t worker_count;
    struct attempts *attempts; // of each cell
    size_t next;               // the first cell that was never started
    size_t told;               // cells whose `done` was called
    uint64_t last_progress_ms;
};

static size_t count_running(const struct pool *pool)
{
    size_t running = 0;
    for (size_t i = 0; i < pool->worker_count; i++) {
        running += pool->workers[i].pid > 0 ? 1 : 0;
    }
    return running;
}

static void tell_progress(struct pool *pool, bool is_event)
{
    const uint64_t now = lab_monotonic_ms();
    if (is_event || now - pool->last_progress_ms >= PROGRESS_MILLISECONDS) {
        pool->last_progress_ms = now;
        pool->watcher->progress(pool->watcher->context, pool->plan, pool->results,
                                count_running(pool));
    }
}

static void tell_done(struct pool *pool)
{
    while (pool->told < pool->plan->count && pool->results[pool->told].is_done) {
        pool->watcher->done(pool->watcher->context, &pool->plan->cells[pool->told],
                            &pool->results[pool->told]);
        pool->told++;
    }
}

static void finish_cell(struct pool *pool, size_t cell, json_t *entry, enum verdict verdict,
                        uint64_t took_us)
{
    json_t *attempts = pool->attempts[cell].list;
    if (json_array_size(attempts) > 0) {
        (void)json_array_append_new(attempts,
                                    json_pack("{s:i, s:s}", "n", (int)json_array_size(attempts) + 1,
                                              "verdict", verdict_name(verdict)));
        (void)json_object_set(entry, "attempts", attempts);
    }
    pool->results[cell] = (struct run_result){
        .is_done = true, .verdict = verdict, .entry = entry, .took_us = took_us};
    tell_done(pool);
    tell_progress(pool, true);
}

static void start_worker(struct pool *pool, struct worker *worker, size_t cell)
{
    const struct cell *work = &pool->plan->cells[cell];
    const pid_t parent = getpid();
    (void)fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        // Told to end in order when the one that runs everything goes away.
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) {
            _exit(WORKER_FAILED);
        }
        _exit(cell_run(work, pool->options) ? WORKER_DONE : WORKER_FAILED);
    }
    *worker = (struct worker){
        .pid = pid,
        .cell = cell,
        .started_us = lab_time_us(),
        .deadline_ms = pool->options->keeps ? UINT64_MAX
                                            : lab_monotonic_ms() + SPARE_MILLISECONDS +
                                                  (uint64_t)work->scenario->timeout_seconds * 1000,
    };
    if (pid < 0) {
        worker->pid = 0;
        enum verdict verdict;
        json_t *entry =
            result_entry_from_folder(work, pool->options, "no process could be started", &verdict);
        finish_cell(pool, cell, entry, verdict, 0);
    }
    tell_progress(pool, true);
}

// Keeps the evidence of an attempt beside that of the next one.
static void put_aside(const struct pool *pool, const struct cell *cell, unsigned attempt)
{
    char from[LAB_PATH_SIZE + CELL_ID_SIZE + 64];
    char to[sizeof(from) + 32];
    cell_run_folder(cell, pool->options, from, sizeof(from));
    (void)snprintf(to, sizeof(to), "%s.attempt-%u", from, attempt);
    (void)lab_folder_remove(to);
    (void)rename(from, to);
}

// Whether the cell goes round once more: only the environment was in the way.
static bool try_again(struct pool *pool, struct worker *worker, const json_t *entry,
                      enum verdict verdict)
{
    const size_t cell = worker->cell;
    const size_t earlier = json_array_size(pool->attempts[cell].list);
    const char *why = json_string_value(json_object_get(json_object_get(entry, "reason"), "text"));
    if (verdict != VERDICT_ENV_ERROR || earlier + 1 >= MOST_ATTEMPTS || interrupt_requested()) {
        return false;
    }
    if (pool->attempts[cell].list == NULL) {
        pool->attempts[cell].list = json_array();
    }
    (void)json_array_append_new(pool->attempts[cell].list,
                                json_pack("{s:i, s:s, s:s}", "n", (int)earlier + 1, "verdict",
                                          verdict_name(verdict), "why", why != NULL ? why : ""));
    put_aside(pool, &pool->plan->cells[cell], (unsigned)earlier + 1);
    start_worker(pool, worker, cell);
    return true;
}

static void collect_worker(struct pool *pool, struct worker *worker, int status)
{
    const struct cell *cell = &pool->plan->cells[worker->cell];
    char problem[128];
    const char *why = NULL;
    enum verdict verdict;
    const pid_t pid = worker->pid;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != WORKER_DONE) {
        why = problem;
        (void)snprintf(problem, sizeof(problem),
                       WIFEXITED(status) ? "the cell's process ended with exit %d"
                                         : "the cell's process ended by signal %d",
                       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        cell_run_sweep(cell, pid);
    }
    worker->pid = 0;
    json_t *entry = result_entry_from_folder(cell, pool->options, why, &verdict);
    if (entry != NULL && try_again(pool, worker, entry, verdict)) {
        json_decref(entry);
        return;
    }
    finish_cell(pool, worker->cell, entry, verdict, lab_time_us() - worker->started_us);
}

static void look_after(struct pool *pool, struct worker *worker)
{
    int status = 0;
    if (worker->pid <= 0) {
        return;
    }
    const pid_t pid = waitpid(worker->pid, &status, WNOHANG);
    if (pid == worker->pid || (pid < 0 && errno == ECHILD)) {
        collect_worker(pool, worker, status);
        return;
    }
    if (interrupt_requested() && !worker->was_told_to_end) {
        worker->was_told_to_end = true;
        worker->deadline_ms = lab_monotonic_ms() + SPARE_MILLISECONDS;
        (void)kill(worker->pid, SIGTERM);
    }
    if (lab_monotonic_ms() >= worker->deadline_ms) {
        (void)kill(worker->pid, SIGKILL);
    }
}

static void start_next(struct pool *pool, struct worker *worker)
{
    while (worker->pid <= 0 && pool->next < pool->plan->count && !interrupt_requested()) {
        const size_t index = pool->next++;
        const struct cell *cell = &pool->plan->cells[index];
        if (cell->hindrance == CELL_RUNS) {
            start_worker(pool, worker, index);
            continue;
        }
        enum verdict verdict;
        json_t *entry = result_entry_unrun(cell, pool->options, &verdict);
        finish_cell(pool, index, entry, verdict, 0);
    }
}

static void run_all(struct pool *pool)
{
    for (;;) {
        for (size_t i = 0; i < pool->worker_count; i++) {
            look_after(pool, &pool->workers[i]);
            start_next(pool, &pool->workers[i]);
        }
        if (count_running(pool) == 0 &&
            (pool->next >= pool->plan->count || interrupt_requested())) {
            return;
        }
        interrupt_wait(LOOK_MILLISECONDS);
        tell_progress(pool, false);
    }
}

struct run_result *run_pool(const struct run_plan *plan, const struct run_options *options,
                            const struct run_watcher *watcher)
{
    struct pool pool = {
        .plan = plan,
        .options = options,
        .watcher = watcher,
        .worker_count = options->jobs > 0 && !options->keeps ? options->jobs : 1,
        .results = calloc(plan->count + 1, sizeof(pool.results[0])),
        .attempts = calloc(plan->count + 1, sizeof(pool.attempts[0])),
    };
    pool.workers = calloc(pool.worker_count, sizeof(pool.workers[0]));
    if (pool.results == NULL || pool.workers == NULL || pool.attempts == NULL) {
        free(pool.results);
        pool.results = NULL;
    } else {
        run_all(&pool);
        for (size_t i = 0; i < plan->count; i++) {
            json_decref(pool.attempts[i].list);
        }
    }
    free(pool.attempts);
    free(pool.workers);
    return pool.results;
}

void run_results_free(struct run_result *results, size_t count)
{
    for (size_t i = 0; results != NULL && i < count; i++) {
        json_decref(results[i].entry);
    }
    free(results);
}
