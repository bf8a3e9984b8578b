#include "harness/tests/judge/line_sample.h"

#include <assert.h>
#include <string.h>

void line_sample_make(struct line_sample *sample, const char *text)
{
    struct block_fault fault;
    *sample = (struct line_sample){.variant = {.chosen = {1}}};
    sample->scenario.axis_count = 1;
    sample->scenario.axes[0] = (struct scenario_axis){
        .name = "rekeyer", .count = 2, .values = {"west", "east"}
    };
    sample->judged =
        (struct judged_scenario){.scenario = &sample->scenario, .variant = &sample->variant};
    sample->document = block_document_parse(
        (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)}, &fault);
    assert(sample->document != NULL);
}

void line_sample_clear(struct line_sample *sample)
{
    block_document_free(sample->document);
}

const struct block *line_sample_block(const struct line_sample *sample)
{
    return block_document_root(sample->document);
}
