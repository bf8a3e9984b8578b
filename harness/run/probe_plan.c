#include "harness/run/probe_plan.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_SIZE = 40,
    MOST_SIZE = 65000,
    MOST_RATE = 100000,
    WORD_COUNT = 8, // udp size N rate N/s between A B
};

// "200" or "200/s", with `unit` "" or "/s".
static bool read_number(const char *word, const char *unit, unsigned least, unsigned most,
                        unsigned *out_number)
{
    char *end = NULL;
    if (word[0] < '0' || word[0] > '9') {
        return false;
    }
    const unsigned long number = strtoul(word, &end, 10);
    if (strcmp(end, unit) != 0 || number < least || number > most) {
        return false;
    }
    *out_number = (unsigned)number;
    return true;
}

static bool read_words(char words[WORD_COUNT][SCENARIO_WORD_SIZE], struct probe_plan *plan)
{
    static const char *const keywords[] = {"udp", "size", NULL, "rate", NULL, "between"};
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (keywords[i] != NULL && strcmp(words[i], keywords[i]) != 0) {
            return false;
        }
    }
    const bool is_ipv4 = strcmp(words[6], "west-lan") == 0 && strcmp(words[7], "east-lan") == 0;
    const bool is_ipv6 = strcmp(words[6], "west-lan6") == 0 && strcmp(words[7], "east-lan6") == 0;
    plan->family = is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
    return (is_ipv4 || is_ipv6) && read_number(words[2], "", LEAST_SIZE, MOST_SIZE, &plan->size) &&
           read_number(words[4], "/s", 1, MOST_RATE, &plan->rate);
}

bool probe_plan_read(const struct scenario *scenario, const struct scenario_variant *variant,
                     struct probe_plan *out_plan, struct block_fault *out_fault)
{
    const struct block *block = statement_block(scenario->traffic);
    const struct block_statement *line = &block->statements[0];
    char words[WORD_COUNT][SCENARIO_WORD_SIZE];
    struct probe_plan plan = {0};

    bool is_good = block->count == 1 && line->count == WORD_COUNT;
    for (size_t i = 0; is_good && i < WORD_COUNT; i++) {
        const char *word = statement_word(line, i);
        is_good = word != NULL && scenario_word(scenario, variant, word, words[i]);
    }
    if (!is_good || !read_words(words, &plan)) {
        block_fault_at(out_fault, line,
                       "traffic has one line: udp size %d..%d rate 1/s..%d/s between west-lan "
                       "east-lan (or west-lan6 east-lan6)",
                       LEAST_SIZE, MOST_SIZE, MOST_RATE);
        return false;
    }
    *out_plan = plan;
    return true;
}
