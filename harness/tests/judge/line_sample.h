// line_sample.h - expectation lines as text, for tests.
#ifndef HARNESS_TESTS_JUDGE_LINE_SAMPLE_H
#define HARNESS_TESTS_JUDGE_LINE_SAMPLE_H

#include "harness/judge/line_words.h"

// A scenario that has nothing but these lines and one axis: rekeyer = west | east, set to east.
struct line_sample {
    struct scenario scenario;
    struct scenario_variant variant;
    struct block_document *document;
    struct judged_scenario judged; // points into this struct
};

// Parses the text; aborts the test when it breaks the block grammar.
void line_sample_make(struct line_sample *sample, const char *text);
void line_sample_clear(struct line_sample *sample);
const struct block *line_sample_block(const struct line_sample *sample);

#endif
