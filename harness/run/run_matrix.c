#include "harness/run/run_matrix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/network/process.h"
#include "harness/run/interrupt.h"
#include "harness/run/result_file.h"
#include "harness/run/tap_writer.h"
#include "reports/report.h"

enum { PROBLEM_SIZE = 512, PATH_SIZE = LAB_PATH_SIZE + 64 };

// Stands in OUT/cells: only a folder that has it is ever emptied.
static const char marker[] = ".ikelab-cells";

struct run_outlet {
    FILE *tap_file;
    FILE *tap_screen; // NULL with --json
    bool has_terminal;
    uint64_t started_ms;
};

bool run_output_prepare(const char *out, char *out_problem, size_t size)
{
    char cells[PATH_SIZE];
    char mark[PATH_SIZE + sizeof(marker)];
    struct stat status;
    (void)snprintf(cells, sizeof(cells), "%s/cells", out);
    (void)snprintf(mark, sizeof(mark), "%s/%s", cells, marker);
    if (stat(cells, &status) == 0) {
        if (stat(mark, &status) != 0) {
            (void)snprintf(out_problem, size,
                           "%s holds something that is not from ikelab; choose another --out",
                           cells);
            return false;
        }
        (void)lab_folder_remove(cells);
    }
    FILE *file = lab_folder_make(cells) ? fopen(mark, "we") : NULL;
    if (file == NULL) {
        (void)snprintf(out_problem, size, "cannot write to %s: %s", cells, strerror(errno));
        return false;
    }
    return fclose(file) == 0;
}

bool run_inventory_make(const struct lab_paths *paths, const struct run_request *request,
                        struct run_inventory *out_inventory, int *out_exit_code)
{
    struct peer_pair pairs[CELL_MOST_PAIRS];
    char problem[PROBLEM_SIZE];
    *out_inventory = (struct run_inventory){0};
    *out_exit_code = EXIT_USAGE;
    if (!scenario_list_load(paths->scenarios, stderr, &out_inventory->scenarios) ||
        !peer_list_load(paths, stderr, &out_inventory->peers)) {
        (void)fprintf(stderr, "ikelab: cannot read %s or %s\n", paths->scenarios, paths->peers);
        *out_exit_code = EXIT_INCOMPLETE;
        return false;
    }
    if (out_inventory->scenarios.broken_count > 0) {
        // A scenario that is silently left out would make the run look better than it is.
        return false;
    }
    const size_t pair_count =
        peer_pairs_choose(&out_inventory->peers, &request->pairs, pairs, problem, sizeof(problem));
    if (pair_count == 0) {
        (void)fprintf(stderr, "ikelab: %s\n", problem);
        return false;
    }
    const struct run_plan_input input = {.scenarios = &out_inventory->scenarios,
                                         .pairs = pairs,
                                         .pair_count = pair_count,
                                         .patterns = request->patterns,
                                         .pattern_count = request->pattern_count};
    if (!run_plan_make(&input, &out_inventory->plan)) {
        (void)fprintf(stderr, "ikelab: out of memory\n");
        *out_exit_code = EXIT_INCOMPLETE;
        return false;
    }
    if (out_inventory->plan.count == 0) {
        (void)fprintf(stderr, "ikelab: no cell fits; `ikelab list` shows all of them\n");
        *out_exit_code = EXIT_NOTHING_RAN;
        return false;
    }
    *out_exit_code = EXIT_AS_EXPECTED;
    return true;
}

void run_inventory_clear(struct run_inventory *inventory)
{
    run_plan_clear(&inventory->plan);
    peer_list_clear(&inventory->peers);
    scenario_list_clear(&inventory->scenarios);
}

static void show_progress(void *context, const struct run_plan *plan,
                          const struct run_result *results, size_t running)
{
    const struct run_outlet *outlet = context;
    size_t done = 0;
    size_t bad = 0;
    const char *name = "";
    if (!outlet->has_terminal) {
        return;
    }
    for (size_t i = 0; i < plan->count; i++) {
        done += results[i].is_done ? 1 : 0;
        bad += results[i].is_done && !verdict_is_success(results[i].verdict) ? 1 : 0;
        name = !results[i].is_done && name[0] == '\0' ? plan->cells[i].id : name;
    }
    (void)fprintf(stderr, "\r\033[K[%zu/%zu] %llu s, %zu running, %zu not good  %.60s", done,
                  plan->count,
                  (unsigned long long)((lab_monotonic_ms() - outlet->started_ms) / 1000), running,
                  bad, running > 0 ? name : "");
    (void)fflush(stderr);
}

static void show_result(void *context, const struct cell *cell, const struct run_result *result)
{
    const struct run_outlet *outlet = context;
    if (outlet->has_terminal) {
        (void)fprintf(stderr, "\r\033[K");
    }
    tap_write_result(outlet->tap_file, cell->number, result);
    if (outlet->tap_screen != NULL) {
        tap_write_result(outlet->tap_screen, cell->number, result);
    }
}

static bool write_result(const struct run_summary *summary)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/result.json", summary->options->out);
    json_t *result = result_file_make(summary);
    bool is_good = result != NULL && json_dump_file(result, path, JSON_INDENT(1)) == 0;
    if (is_good && summary->options->prints_json) {
        is_good = json_dumpf(result, stdout, JSON_INDENT(1)) == 0 && fputc('\n', stdout) != EOF;
    }
    json_decref(result);
    if (!is_good) {
        (void)fprintf(stderr, "ikelab: cannot write %s\n", path);
    }
    return is_good;
}

// index.html, junit.xml and summary.md from result.json.
static bool write_pages(const struct run_options *options)
{
    char problem[PROBLEM_SIZE];
    if (!report_render(options->out, problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab: %s\n", problem);
        return false;
    }
    return true;
}

static void print_summary(const struct run_summary *summary)
{
    size_t counts[VERDICT_SKIPPED + 1] = {0};
    size_t missing = 0;
    const char *separator = "";
    for (size_t i = 0; i < summary->plan->count; i++) {
        if (summary->results[i].is_done) {
            counts[summary->results[i].verdict]++;
        } else {
            missing++;
        }
    }
    (void)fprintf(stderr, "# %zu cells in %.1f s: ", summary->plan->count,
                  (double)(summary->ended_us - summary->started_us) / 1e6);
    for (size_t i = 0; i <= VERDICT_SKIPPED; i++) {
        const enum verdict verdict = (enum verdict)(VERDICT_SKIPPED - i);
        if (counts[verdict] > 0) {
            (void)fprintf(stderr, "%s%zu %s", separator, counts[verdict], verdict_name(verdict));
            separator = ", ";
        }
    }
    if (missing > 0) {
        (void)fprintf(stderr, "%s%zu not run", separator, missing);
    }
    (void)fprintf(stderr, "\n# report: %s/index.html\n", summary->options->out);
}

static bool is_complete(const struct run_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!results[i].is_done) {
            return false;
        }
    }
    return true;
}

static int run_plan_through(const struct run_plan *plan, const struct run_options *options,
                            struct run_outlet *outlet)
{
    const struct run_watcher watcher = {
        .context = outlet, .progress = show_progress, .done = show_result};
    struct run_summary summary = {.plan = plan, .options = options, .started_us = lab_time_us()};
    tap_write_plan(outlet->tap_file, plan->count);
    if (outlet->tap_screen != NULL) {
        tap_write_plan(outlet->tap_screen, plan->count);
    }
    struct run_result *results = run_pool(plan, options, &watcher);
    if (results == NULL) {
        (void)fprintf(stderr, "ikelab: out of memory\n");
        return EXIT_INCOMPLETE;
    }
    summary.results = results;
    summary.ended_us = lab_time_us();
    // With --keep the signal is how a person says that they have seen enough.
    if (interrupt_requested() && (!options->keeps || !is_complete(results, plan->count))) {
        tap_write_bail_out(outlet->tap_file, "interrupted");
        if (outlet->tap_screen != NULL) {
            tap_write_bail_out(outlet->tap_screen, "interrupted");
        }
    }
    int exit_code = run_exit_code(results, plan->count);
    if (!write_result(&summary) || !write_pages(options)) {
        exit_code = exit_code == EXIT_AS_EXPECTED ? EXIT_INCOMPLETE : exit_code;
    }
    print_summary(&summary);
    run_results_free(results, plan->count);
    return exit_code;
}

static bool has_cell_that_runs(const struct run_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->cells[i].hindrance == CELL_RUNS) {
            return true;
        }
    }
    return false;
}

int run_matrix(struct run_request *request)
{
    struct run_options *options = &request->options;
    struct run_inventory inventory;
    char path[PATH_SIZE];
    char problem[PROBLEM_SIZE];
    int exit_code;
    if (!run_inventory_make(&options->paths, request, &inventory, &exit_code)) {
        run_inventory_clear(&inventory);
        return exit_code;
    }
    exit_code = EXIT_INCOMPLETE;
    struct run_outlet outlet = {.tap_screen = options->prints_json ? NULL : stdout,
                                .has_terminal = isatty(STDERR_FILENO) == 1,
                                .started_ms = lab_monotonic_ms()};
    if (has_cell_that_runs(&inventory.plan) && geteuid() != 0) {
        (void)fprintf(stderr, "ikelab: network namespaces need root; try `sudo ikelab run`\n");
        goto out;
    }
    if (!run_output_prepare(options->out, problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab: %s\n", problem);
        goto out;
    }
    (void)snprintf(path, sizeof(path), "%s/results.tap", options->out);
    outlet.tap_file = fopen(path, "we");
    if (outlet.tap_file == NULL) {
        (void)fprintf(stderr, "ikelab: cannot write %s: %s\n", path, strerror(errno));
        goto out;
    }
    interrupt_catch();
    cell_run_sweep_all();
    exit_code = run_plan_through(&inventory.plan, options, &outlet);
    (void)fclose(outlet.tap_file);
out:
    run_inventory_clear(&inventory);
    return exit_code;
}
