#include "harness/run/scenario_list.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "harness/judge/judge.h"
#include "harness/peer/capability.h"
#include "harness/peer/intent.h"
#include "harness/run/impair_plan.h"
#include "harness/run/probe_plan.h"
#include "harness/run/steps.h"

enum { MOST_FILES = 2048, MOST_OPEN_FOLDERS = 16, ID_SIZE = 128, LONGEST_FOLDER = 1024 };

// nftw() takes no context: the list it fills. Set only while scenario_list_load() runs.
static struct {
    char *paths[MOST_FILES];
    size_t count;
} found;

static int collect(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    const size_t length = strlen(path);
    (void)status;
    (void)place;
    if (kind == FTW_F && length > 4 && strcmp(path + length - 4, ".scn") == 0 &&
        found.count < MOST_FILES) {
        found.paths[found.count] = strdup(path);
        if (found.paths[found.count] == NULL) {
            return 1;
        }
        found.count++;
    }
    return 0;
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void scenario_id_from_path(const char *path, char *out_id, size_t size)
{
    const char *start = path;
    const char *name = strrchr(path, '/');
    for (const char *at = strstr(path, "scenarios/"); at != NULL; at = strstr(at, "scenarios/")) {
        const bool is_folder = at == path || at[-1] == '/';
        at += strlen("scenarios/");
        start = is_folder ? at : start;
    }
    if (start == path && name != NULL) {
        const char *area = name;
        while (area > path && area[-1] != '/') {
            area--;
        }
        start = area;
    }
    (void)snprintf(out_id, size, "%s", start);
    char *ending = strstr(out_id, ".scn");
    if (ending != NULL && ending[4] == '\0') {
        *ending = '\0';
    }
}

static bool load_found(const char *folder, FILE *errors, struct scenario_list *list)
{
    list->scenarios = calloc(found.count + 1, sizeof(list->scenarios[0]));
    if (list->scenarios == NULL) {
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        struct block_fault fault = {0};
        char id[ID_SIZE];
        const char *below = found.paths[i] + strlen(folder);
        (void)snprintf(id, sizeof(id), "%s", below + (below[0] == '/' ? 1 : 0));
        id[strlen(id) > 4 ? strlen(id) - 4 : 0] = '\0';
        if (scenario_load(found.paths[i], id, &list->scenarios[list->count], &fault)) {
            list->count++;
            continue;
        }
        list->broken_count++;
        (void)fprintf(errors, "%s:%u:%u: %s\n", found.paths[i], fault.line, fault.column,
                      fault.message);
    }
    return true;
}

bool scenario_list_load(const char *folder, FILE *errors, struct scenario_list *out_list)
{
    struct scenario_list list = {0};
    found.count = 0;
    bool is_good =
        nftw(folder, collect, MOST_OPEN_FOLDERS, FTW_PHYS) == 0 && strlen(folder) < LONGEST_FOLDER;
    if (is_good) {
        qsort(found.paths, found.count, sizeof(found.paths[0]), compare_paths);
        is_good = load_found(folder, errors, &list);
    }
    for (size_t i = 0; i < found.count; i++) {
        free(found.paths[i]);
    }
    found.count = 0;
    if (is_good) {
        *out_list = list;
    }
    return is_good;
}

void scenario_list_clear(struct scenario_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        scenario_clear(&list->scenarios[i]);
    }
    free(list->scenarios);
    *list = (struct scenario_list){0};
}

static bool lint_needs(const struct scenario *scenario, const struct scenario_variant *variant,
                       struct block_fault *out_fault)
{
    for (size_t i = 0; i < scenario->need_count; i++) {
        const struct scenario_need *need = &scenario->needs[i];
        enum scenario_side side;
        char word[SCENARIO_WORD_SIZE];
        if (!scenario_need_side(scenario, variant, need, &side)) {
            continue;
        }
        if (!scenario_word(scenario, variant, need->capability, word) ||
            !capability_is_known(word)) {
            block_fault_at(out_fault, need->statement,
                           "'%.60s' is no capability; `ikelab lint --capabilities` lists them",
                           need->capability);
            return false;
        }
    }
    return true;
}

static bool lint_variant(const struct scenario *scenario, const struct scenario_variant *variant,
                         struct block_fault *out_fault)
{
    struct step_list *steps = calloc(1, sizeof(*steps));
    struct probe_plan probe;
    struct intent *intent = calloc(1, sizeof(*intent));
    bool is_good = steps != NULL && intent != NULL;
    if (!is_good) {
        *out_fault = (struct block_fault){.message = "out of memory"};
    }
    is_good = is_good && lint_needs(scenario, variant, out_fault) &&
              intent_from_scenario(scenario, variant, "lint", intent, out_fault) &&
              steps_parse(scenario, variant, steps, out_fault) &&
              impair_plan_check(scenario, variant, out_fault) &&
              (scenario->traffic == NULL || probe_plan_read(scenario, variant, &probe, out_fault));
    free(intent);
    free(steps);
    return is_good;
}

bool scenario_lint(const char *path, const char *id, struct scenario *out_scenario,
                   struct block_fault *out_fault)
{
    struct scenario scenario;
    if (!scenario_load(path, id, &scenario, out_fault)) {
        return false;
    }
    bool is_good = true;
    for (size_t i = 0; is_good && i < scenario_variant_count(&scenario); i++) {
        const struct scenario_variant variant = scenario_variant_at(&scenario, i);
        is_good = lint_variant(&scenario, &variant, out_fault);
    }
    is_good = is_good && judge_lint_expectations(&scenario, out_fault);
    if (!is_good) {
        scenario_clear(&scenario);
        return false;
    }
    *out_scenario = scenario;
    return true;
}
