#include "harness/peer/intent.h"

struct variant_words {
    const struct scenario *scenario;
    const struct scenario_variant *variant;
};

static bool resolve(void *context, const char *word, char out_text[SCENARIO_WORD_SIZE])
{
    const struct variant_words *words = context;
    return scenario_word(words->scenario, words->variant, word, out_text);
}

static bool applies(void *context, const struct block_statement *line, size_t *out_words)
{
    const struct variant_words *words = context;
    return scenario_line_applies(words->scenario, words->variant, line, out_words);
}

bool intent_from_scenario(const struct scenario *scenario, const struct scenario_variant *variant,
                          const char *psk, struct intent *out_intent, struct block_fault *out_fault)
{
    struct variant_words context = {.scenario = scenario, .variant = variant};
    const struct intent_words words = {.context = &context, .resolve = resolve, .applies = applies};
    return intent_read(scenario->intent, &scenario->topology, &words, psk, out_intent, out_fault);
}
