// render.h - the renderers behind report_render(): each turns a read result.json into a text.
#ifndef REPORTS_RENDER_H
#define REPORTS_RENDER_H

#include "reports/text_buffer.h"

#include <jansson.h>

// One offline page with everything inlined. `out_folder` is where the cells' files are read.
void render_html(const json_t *result, const char *out_folder, struct text_buffer *out);
// JUnit XML as GitHub and GitLab read it: one test case per cell.
void render_junit(const json_t *result, struct text_buffer *out);
// Markdown for a job summary: what did not pass first, then the matrix.
void render_summary(const json_t *result, struct text_buffer *out);

// The string member `name`, or "" when there is none.
const char *result_text(const json_t *object, const char *name);
// Whether a verdict ends a run with exit code 0.
bool result_verdict_is_fine(const char *verdict);
// How many results have this verdict.
size_t result_count(const json_t *result, const char *verdict);

#endif
