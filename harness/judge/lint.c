#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/judge/esp_lines.h"
#include "harness/judge/judge.h"
#include "harness/judge/state_lines.h"
#include "harness/judge/traffic_lines.h"
#include "harness/judge/wire_line.h"

// Whether `steps` has a statement with this number.
static bool has_step(const struct scenario *scenario, unsigned number)
{
    for (size_t i = 0; scenario->steps != NULL && i < scenario->steps->count; i++) {
        const char *word = statement_word(&scenario->steps->statements[i], 0);
        uint64_t value = 0;
        if (word != NULL && parse_number(word, &value) && value == number) {
            return true;
        }
    }
    return false;
}

static bool reject_step(struct block_fault *out_fault, unsigned line, unsigned step)
{
    *out_fault = (struct block_fault){.line = line, .column = 1};
    (void)snprintf(out_fault->message, sizeof(out_fault->message), "the scenario has no step %u",
                   step);
    return false;
}

static bool lint_wire(const struct judged_scenario *judged, struct block_fault *out_fault)
{
    size_t count = 0;
    bool good = true;
    if (judged->scenario->expect_wire == NULL) {
        return true;
    }
    struct wire_line *lines =
        wire_lines_parse(judged, judged->scenario->expect_wire, &count, out_fault);
    for (size_t i = 0; lines != NULL && good && i < count; i++) {
        if (lines[i].when.kind == WHEN_AFTER_STEP &&
            !has_step(judged->scenario, lines[i].when.step)) {
            good = reject_step(out_fault, lines[i].line, lines[i].when.step);
        }
    }
    good = good && lines != NULL;
    free(lines);
    return good;
}

typedef bool (*lint_function)(const struct judged_scenario *judged,
                              const struct block_statement *statement,
                              struct block_fault *out_fault);

static bool lint_esp(const struct judged_scenario *judged, const struct block_statement *statement,
                     struct block_fault *out_fault)
{
    struct esp_line line;
    return esp_line_parse(judged, statement, &line, out_fault);
}

static bool lint_traffic(const struct judged_scenario *judged,
                         const struct block_statement *statement, struct block_fault *out_fault)
{
    struct traffic_line line;
    return traffic_line_parse(judged, statement, &line, out_fault);
}

static bool lint_state(const struct judged_scenario *judged,
                       const struct block_statement *statement, struct block_fault *out_fault)
{
    struct state_line line;
    if (!state_line_parse(judged, statement, &line, out_fault)) {
        return false;
    }
    return has_step(judged->scenario, line.step) ||
           reject_step(out_fault, statement->line, line.step);
}

static bool lint_block(const struct judged_scenario *judged, const struct block *block,
                       lint_function lint, struct block_fault *out_fault)
{
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        size_t words = 0;
        if (scenario_line_applies(judged->scenario, judged->variant, &block->statements[i],
                                  &words) &&
            !lint(judged, &block->statements[i], out_fault)) {
            return false;
        }
    }
    return true;
}

bool judge_lint_expectations(const struct scenario *scenario, struct block_fault *out_fault)
{
    const size_t count = scenario_variant_count(scenario);
    for (size_t i = 0; i < count; i++) {
        const struct scenario_variant variant = scenario_variant_at(scenario, i);
        const struct judged_scenario judged = {.scenario = scenario, .variant = &variant};
        if (!lint_wire(&judged, out_fault) ||
            !lint_block(&judged, scenario->expect_esp, lint_esp, out_fault) ||
            !lint_block(&judged, scenario->expect_traffic, lint_traffic, out_fault) ||
            !lint_block(&judged, scenario->expect_state, lint_state, out_fault)) {
            return false;
        }
    }
    return true;
}
