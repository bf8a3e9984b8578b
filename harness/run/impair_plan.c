#include "harness/run/impair_plan.h"

#include "harness/relay/impairment_rules.h"
#include "harness/relay/relay.h"

enum { MOST_WORDS = 24 };

// One line with its words under the variant.
struct impair_line {
    const struct block_statement *source;
    size_t count;
    char words[MOST_WORDS][SCENARIO_WORD_SIZE];
};

// False when the line does not apply. A line with a block or too many words keeps what fits;
// impair_plan_check() has refused it before anything runs.
static bool read_line(const struct scenario *scenario, const struct scenario_variant *variant,
                      const struct block_statement *source, struct impair_line *out_line)
{
    size_t words;
    if (!scenario_line_applies(scenario, variant, source, &words)) {
        return false;
    }
    *out_line = (struct impair_line){.source = source};
    for (size_t i = 0; i < words && out_line->count < MOST_WORDS; i++) {
        const char *word = statement_word(source, i);
        if (word != NULL &&
            scenario_word(scenario, variant, word, out_line->words[out_line->count])) {
            out_line->count++;
        }
    }
    return true;
}

static size_t line_count(const struct scenario *scenario)
{
    return (scenario->topology.wan != NULL ? 1 : 0) +
           (scenario->impair != NULL ? scenario->impair->count : 0);
}

static const struct block_statement *line_at(const struct scenario *scenario, size_t index)
{
    if (scenario->topology.wan != NULL) {
        if (index == 0) {
            return scenario->topology.wan;
        }
        index--;
    }
    return &scenario->impair->statements[index];
}

static bool check_line(const struct impair_line *line, struct block_fault *out_fault)
{
    struct block_item items[MOST_WORDS];
    struct impairment_rule rule;
    for (size_t i = 0; i < line->count; i++) {
        items[i] = line->source->items[i];
        items[i].text = line->words[i];
    }
    const struct block_statement statement = {
        .items = items, .count = line->count, .line = line->source->line};
    return impairment_rule_parse(&statement, &rule, out_fault);
}

bool impair_plan_check(const struct scenario *scenario, const struct scenario_variant *variant,
                       struct block_fault *out_fault)
{
    for (size_t i = 0; i < line_count(scenario); i++) {
        const struct block_statement *source = line_at(scenario, i);
        struct impair_line line;
        if (statement_block(source) != NULL) {
            block_fault_at(out_fault, source,
                           "an impair line has no block { } yet; name the "
                           "message by its exchange and number");
            return false;
        }
        if (source->count > MOST_WORDS) {
            block_fault_at(out_fault, source, "an impair line has at most %d words", MOST_WORDS);
            return false;
        }
        if (read_line(scenario, variant, source, &line) && !check_line(&line, out_fault)) {
            return false;
        }
    }
    return true;
}

bool impair_plan_write(const struct scenario *scenario, const struct scenario_variant *variant,
                       FILE *rules)
{
    for (size_t i = 0; i < line_count(scenario); i++) {
        struct impair_line line;
        const char *words[MOST_WORDS];
        if (!read_line(scenario, variant, line_at(scenario, i), &line)) {
            continue;
        }
        for (size_t k = 0; k < line.count; k++) {
            words[k] = line.words[k];
        }
        if (!relay_rule_write(rules, line.source->line, words, line.count)) {
            return false;
        }
    }
    return true;
}
