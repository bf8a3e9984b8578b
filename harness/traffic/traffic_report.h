// traffic_report.h - from the reports of the two ends to traffic.json.
#ifndef HARNESS_TRAFFIC_TRAFFIC_REPORT_H
#define HARNESS_TRAFFIC_TRAFFIC_REPORT_H

#include "harness/network/process.h"
#include "harness/traffic/traffic_meter.h"

#include <jansson.h>

// What one end knows at its end.
struct traffic_end {
    const char *name; // "probe"
    const char *host; // "west-lan"
    uint64_t sent;
    uint64_t failed; // the kernel did not take them; not counted as sent
    size_t burst_count;
    const struct traffic_burst *bursts; // as sent
    const struct traffic_meter *meter;  // as received
};

// Writes the report of one end, in one step. False with errno set.
MUST_USE bool traffic_end_write(const struct traffic_end *end, const char *path);

// Makes the array of traffic.json (docs/LAB.md) from the reports of both ends: first the
// direction from the first report's host, then the other. A new reference that the caller
// releases; NULL with one sentence in `out_error` when a report is not one of ours.
MUST_USE json_t *traffic_merge(const json_t *first, const json_t *second,
                               char out_error[LAB_ERROR_SIZE]);
// The same from the report files; writes the array to `path`.
MUST_USE bool traffic_merge_files(const char *first_path, const char *second_path, const char *path,
                                  char out_error[LAB_ERROR_SIZE]);

#endif
