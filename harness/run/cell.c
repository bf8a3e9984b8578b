#include "harness/run/cell.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { VARIANT_SIZE = 256 };

// The name of a folder: of the id only what neither a shell, a socket nor a mount option minds.
static void make_folder(const char *id, char out_folder[CELL_ID_SIZE])
{
    size_t used = 0;
    for (; *id != '\0' && used + 1 < CELL_ID_SIZE; id++) {
        switch (*id) {
        case ']':
            continue;
        case '/':
            out_folder[used++] = '.';
            break;
        case '[':
        case ':':
        case ',':
            out_folder[used++] = '_';
            break;
        default:
            out_folder[used++] = *id;
            break;
        }
    }
    out_folder[used] = '\0';
}

// The first capability that the peer on this side says it does not have, or NULL.
static const char *declared_missing(const struct cell *cell, enum scenario_side side,
                                    const struct peer_manifest *manifest,
                                    char out_word[SCENARIO_WORD_SIZE])
{
    for (size_t i = 0; i < cell->scenario->need_count; i++) {
        const struct scenario_need *need = &cell->scenario->needs[i];
        enum scenario_side needed;
        if (!scenario_need_side(cell->scenario, &cell->variant, need, &needed) ||
            (needed != SIDE_BOTH && needed != side) ||
            !scenario_word(cell->scenario, &cell->variant, need->capability, out_word)) {
            continue;
        }
        if (manifest_capability(manifest, out_word) == PEER_NO) {
            return out_word;
        }
    }
    return NULL;
}

static void find_hindrance(struct cell *cell)
{
    const struct lab_peer *const peers[] = {cell->peers.west, cell->peers.east};
    static const enum scenario_side sides[] = {SIDE_WEST, SIDE_EAST};
    static const char *const names[] = {"west", "east"};
    char word[SCENARIO_WORD_SIZE];

    cell->hindrance = CELL_RUNS;
    cell->reason[0] = '\0';
    for (size_t i = 0; i < 2; i++) {
        const char *missing = declared_missing(cell, sides[i], peers[i]->manifest, word);
        if (missing != NULL && cell->hindrance == CELL_RUNS) {
            cell->hindrance = CELL_UNSUPPORTED;
            cell->reason_side = sides[i];
            (void)snprintf(cell->reason, sizeof(cell->reason), "%s (%s) declares that it has no %s",
                           names[i], peers[i]->manifest->name, missing);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (!peers[i]->is_available && cell->hindrance == CELL_RUNS) {
            cell->hindrance = CELL_SKIPPED;
            cell->reason_side = sides[i];
            (void)snprintf(cell->reason, sizeof(cell->reason), "%s", peers[i]->reason);
        }
    }
}

bool cell_complete(struct cell *cell)
{
    char variant[VARIANT_SIZE];
    scenario_variant_format(cell->scenario, &cell->variant, variant, sizeof(variant));
    const int written =
        snprintf(cell->id, sizeof(cell->id), "%s%s:west=%s,east=%s", cell->scenario->id, variant,
                 cell->peers.west->label, cell->peers.east->label);
    if (written < 0 || (size_t)written >= sizeof(cell->id)) {
        return false;
    }
    make_folder(cell->id, cell->folder);
    find_hindrance(cell);
    return true;
}

static bool fits(const char *pattern, const char *text)
{
    return strcmp(pattern, text) == 0 || fnmatch(pattern, text, 0) == 0;
}

bool cell_matches(const struct cell *cell, const char *pattern)
{
    char text[CELL_ID_SIZE];
    (void)snprintf(text, sizeof(text), "%s", cell->id);
    if (fits(pattern, text)) {
        return true;
    }
    *strstr(text, ":west=") = '\0';
    return fits(pattern, text) || fits(pattern, cell->scenario->id);
}

static bool is_wanted(const struct run_plan_input *input, const struct cell *cell)
{
    for (size_t i = 0; i < input->pattern_count; i++) {
        if (cell_matches(cell, input->patterns[i])) {
            return true;
        }
    }
    return input->pattern_count == 0;
}

static bool add_cell(const struct run_plan_input *input, struct cell *cell, size_t *capacity,
                     struct run_plan *plan)
{
    if (!cell_complete(cell) || !is_wanted(input, cell)) {
        return true;
    }
    if (plan->count == *capacity) {
        const size_t larger = *capacity == 0 ? 64 : 2 * *capacity;
        struct cell *cells = reallocarray(plan->cells, larger, sizeof(cells[0]));
        if (cells == NULL) {
            return false;
        }
        plan->cells = cells;
        *capacity = larger;
    }
    cell->number = (unsigned)plan->count + 1;
    plan->cells[plan->count++] = *cell;
    return true;
}

static bool add_scenario(const struct run_plan_input *input, const struct scenario *scenario,
                         size_t *capacity, struct run_plan *plan)
{
    const size_t variants = scenario_variant_count(scenario);
    for (size_t i = 0; i < variants * input->pair_count; i++) {
        struct cell cell = {.scenario = scenario,
                            .variant = scenario_variant_at(scenario, i / input->pair_count),
                            .peers = input->pairs[i % input->pair_count]};
        if (!add_cell(input, &cell, capacity, plan)) {
            return false;
        }
    }
    return true;
}

bool run_plan_make(const struct run_plan_input *input, struct run_plan *out_plan)
{
    struct run_plan plan = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < input->scenarios->count; i++) {
        if (!add_scenario(input, &input->scenarios->scenarios[i], &capacity, &plan)) {
            run_plan_clear(&plan);
            return false;
        }
    }
    *out_plan = plan;
    return true;
}

void run_plan_clear(struct run_plan *plan)
{
    free(plan->cells);
    *plan = (struct run_plan){0};
}

void cell_repro(const struct cell *cell, uint64_t seed, char *out_text, size_t size)
{
    char variant[VARIANT_SIZE];
    scenario_variant_format(cell->scenario, &cell->variant, variant, sizeof(variant));
    (void)snprintf(out_text, size, "sudo ikelab run '%s%s' --west %s --east %s --seed %" PRIu64,
                   cell->scenario->id, variant, cell->peers.west->label, cell->peers.east->label,
                   seed);
}
