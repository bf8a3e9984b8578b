// line_words.h - walks over the words of one expectation line, with `$axis` replaced, and
// makes faults that name the place.
#ifndef HARNESS_JUDGE_LINE_WORDS_H
#define HARNESS_JUDGE_LINE_WORDS_H

#include "harness/judge/check.h"
#include "harness/scenario/scenario.h"

// A scenario under one variant. Borrowed.
struct judged_scenario {
    const struct scenario *scenario;
    const struct scenario_variant *variant;
};

struct line_words {
    struct judged_scenario judged;
    const struct block_statement *statement;
    size_t next;  // item
    size_t count; // items before `if`
    struct block_fault *fault;
    char word[SCENARIO_WORD_SIZE]; // the last word taken
};

struct line_words line_words_over(const struct judged_scenario *judged,
                                  const struct block_statement *statement,
                                  struct block_fault *fault);
// The next word without taking it, or NULL: at the end or before a block. Valid until the
// next call.
MUST_USE const char *line_words_peek(struct line_words *words);
// Takes the next word into words->word. False with a fault that says what was expected.
MUST_USE bool line_words_take(struct line_words *words, const char *expected);
// Takes the next word when it is `word`.
MUST_USE bool line_words_accept(struct line_words *words, const char *word);
// The block that comes next, taken; or NULL.
MUST_USE const struct block *line_words_block(struct line_words *words);
MUST_USE bool line_words_at_end(const struct line_words *words);
// Writes a fault at the last word taken. Gives false.
bool line_words_reject(struct line_words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// True at the end of the line, else false with a fault that shows the word too much.
MUST_USE bool line_words_finish(struct line_words *words, const char *allowed);

// A word with every `$axis` replaced; `$names` that are no axis stay. False when it does not fit.
MUST_USE bool axes_replace(const struct judged_scenario *judged, const char *word,
                           char out_text[SCENARIO_WORD_SIZE]);

// "must" "should" "may" "info" "never".
MUST_USE bool take_severity(struct line_words *words, enum check_severity *out_severity);

// "== 0", ">= 100", "< 200ms".
enum comparison {
    COMPARE_EQUAL,
    COMPARE_UNEQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_MORE,
    COMPARE_MORE_EQUAL
};
MUST_USE bool comparison_from_word(const char *word, enum comparison *out_comparison);
MUST_USE const char *comparison_word(enum comparison comparison);
MUST_USE bool comparison_holds(enum comparison comparison, uint64_t left, uint64_t right);
MUST_USE bool take_comparison(struct line_words *words, enum comparison *out_comparison);
MUST_USE bool take_number(struct line_words *words, uint64_t *out_number);
// A decimal number and nothing else.
MUST_USE bool parse_number(const char *word, uint64_t *out_number);

#endif
