// traffic_report.h - from the reports of the two ends to traffic.json.
#ifndef HARNESS_TRAFFIC_TRAFFIC_REPORT_H
#define HARNESS_TRAFFIC_TRAFFIC_REPORT_H

#include "harness/network/process.h"

#include <jansson.h>

// Makes the array of traffic.json (docs/LAB.md) from the reports of both ends: first the
// direction from the first report's host, then the other. A new reference that the caller
// releases; NULL with one sentence in `out_error` when a report is not one of ours.
MUST_USE json_t *traffic_merge(const json_t *first, const json_t *second,
                               char out_error[LAB_ERROR_SIZE]);
// The same from the report files; writes the array to `path`.
MUST_USE bool traffic_merge_files(const char *first_path, const char *second_path, const char *path,
                                  char out_error[LAB_ERROR_SIZE]);

#endif
