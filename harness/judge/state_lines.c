#include "harness/judge/state_lines.h"

#include <stdio.h>
#include <string.h>

static const char *const quantities[] = {"ike", "child", "ike.generation", "child.generation"};

enum { QUANTITY_COUNT = sizeof(quantities) / sizeof(quantities[0]) };

static const char ALLOWED[] = "ike=N, child=N, ike.generation>=N or child.generation>=N";

// "ike=1", "child.generation>=2"; '=' alone means equal.
static bool parse_condition(const char *word, struct state_condition *out_condition)
{
    const size_t name = strcspn(word, "=<>!");
    const size_t sign = strspn(word + name, "=<>!");
    char text[4] = "==";
    if (sign == 0 || sign > 2) {
        return false;
    }
    if (sign == 2 || word[name] != '=') {
        (void)snprintf(text, sizeof(text), "%.*s", (int)sign, word + name);
    }
    for (size_t i = 0; i < QUANTITY_COUNT; i++) {
        if (strlen(quantities[i]) == name && strncmp(quantities[i], word, name) == 0) {
            out_condition->quantity = i;
            return comparison_from_word(text, &out_condition->comparison) &&
                   parse_number(word + name + sign, &out_condition->number);
        }
    }
    return false;
}

static bool take_side(struct line_words *words, struct state_line *line)
{
    if (!line_words_take(words, "both, west or east")) {
        return false;
    }
    const bool is_both = strcmp(words->word, "both") == 0;
    line->of_west = is_both || strcmp(words->word, "west") == 0;
    line->of_east = is_both || strcmp(words->word, "east") == 0;
    return line->of_west || line->of_east ||
           line_words_reject(words, "\"%.40s\"; allowed: %s, both, west or east", words->word,
                             ALLOWED);
}

static bool take_conditions(struct line_words *words, struct state_line *line)
{
    struct state_condition condition;
    for (const char *word = line_words_peek(words);
         word != NULL && parse_condition(word, &condition); word = line_words_peek(words)) {
        if (line->count == STATE_MOST_CONDITIONS) {
            return line_words_reject(words, "more than %d conditions", STATE_MOST_CONDITIONS);
        }
        line->conditions[line->count++] = condition;
        if (!line_words_take(words, ALLOWED)) {
            return false;
        }
    }
    return line->count > 0 ||
           (line_words_take(words, ALLOWED) &&
            line_words_reject(words, "\"%.40s\"; allowed: %s", words->word, ALLOWED));
}

static bool take_patience(struct line_words *words)
{
    uint64_t milliseconds = 0;
    if (!line_words_accept(words, "within")) {
        return true;
    }
    return line_words_take(words, "a duration") &&
           (scenario_duration(words->word, &milliseconds) ||
            line_words_reject(words, "\"%.40s\" is not a duration like 10s", words->word));
}

bool state_line_parse(const struct judged_scenario *judged, const struct block_statement *statement,
                      struct state_line *out_line, struct block_fault *out_fault)
{
    struct line_words words = line_words_over(judged, statement, out_fault);
    uint64_t step = 0;
    *out_line = (struct state_line){.line = statement->line};
    if (!take_severity(&words, &out_line->severity)) {
        return false;
    }
    if (!line_words_accept(&words, "after") || !take_number(&words, &step) ||
        !line_words_accept(&words, "sa")) {
        return line_words_reject(&words, "\"after STEP sa ...\" is expected here");
    }
    out_line->step = (unsigned)step;
    return take_conditions(&words, out_line) && take_side(&words, out_line) &&
           take_patience(&words) && line_words_finish(&words, "within 10s, if");
}

// --- judging --------------------------------------------------------------------------------

static uint64_t quantity_of(const struct status_tally *tally, size_t quantity)
{
    const uint64_t values[QUANTITY_COUNT] = {tally->ike, tally->children, tally->ike_generation,
                                             tally->child_generation};
    return values[quantity];
}

static const struct evidence_step *find_step(const struct cell_evidence *evidence, unsigned number)
{
    for (size_t i = evidence->step_count; i > 0; i--) {
        if (evidence->steps[i - 1].number == number) {
            return &evidence->steps[i - 1];
        }
    }
    return NULL;
}

static void judge_side(const struct cell_evidence *evidence, const struct state_line *line,
                       enum capture_side side, struct check *check)
{
    const struct evidence_snapshot *snapshot = evidence_snapshot_at(evidence, line->step, side);
    if (snapshot == NULL) {
        check_fail(check, "state.unknown", "no status of %s after step %u", side_name(side),
                   line->step);
        check_blame(check, side_name(side), "no-status", "medium");
        return;
    }
    const struct status_tally tally = status_tally_of(snapshot->status);
    check->time_us = snapshot->at_us;
    for (size_t i = 0; i < line->count; i++) {
        const struct state_condition *condition = &line->conditions[i];
        const uint64_t value = quantity_of(&tally, condition->quantity);
        if (!comparison_holds(condition->comparison, value, condition->number)) {
            check_fail(check, "state.different", "%s after step %u: %s is %llu, expected %s %llu",
                       side_name(side), line->step, quantities[condition->quantity],
                       (unsigned long long)value, comparison_word(condition->comparison),
                       (unsigned long long)condition->number);
            check_blame(check, side_name(side), "unexpected-state", "low");
            return;
        }
    }
}

static void judge_line(const struct cell_evidence *evidence, const struct state_line *line,
                       struct check *check)
{
    const struct evidence_step *step = find_step(evidence, line->step);
    check->step = line->step;
    if (step == NULL || step->result == STEP_NOT_REACHED) {
        check_set(check, CHECK_NOT_REACHED, "step %u was not reached", line->step);
        return;
    }
    if (line->of_west) {
        judge_side(evidence, line, CAPTURE_SIDE_WEST, check);
    }
    if (line->of_east && check->state == CHECK_PASS) {
        judge_side(evidence, line, CAPTURE_SIDE_EAST, check);
    }
}

bool state_checks_run(const struct cell_evidence *evidence, const struct block *block,
                      struct check_list *checks, struct block_fault *out_fault)
{
    const struct judged_scenario judged = evidence_scenario(evidence);
    size_t number = 0;
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        struct state_line line;
        size_t words = 0;
        if (!scenario_line_applies(judged.scenario, judged.variant, &block->statements[i],
                                   &words)) {
            continue;
        }
        if (!state_line_parse(&judged, &block->statements[i], &line, out_fault)) {
            return false;
        }
        struct check *check = check_list_add(checks, line.severity, "state/%zu", ++number);
        check->line = line.line;
        check->rank = RANK_STATE;
        judge_line(evidence, &line, check);
    }
    return true;
}
