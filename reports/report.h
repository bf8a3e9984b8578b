// report.h - the pages people read after a run. Reads result files only and runs nothing.
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <stdbool.h>
#include <stddef.h>

// Reads OUT/result.json and the cell folders it names, and writes OUT/index.html,
// OUT/junit.xml and OUT/summary.md. False with a sentence in `out_problem` when result.json
// cannot be read or a page cannot be written; files of cells that are missing are simply not shown.
__attribute__((warn_unused_result)) bool report_render(const char *out_folder, char *out_problem,
                                                       size_t problem_size);

#endif
