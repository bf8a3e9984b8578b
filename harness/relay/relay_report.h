// relay_report.h - writes relay.json (docs/LAB.md).
#ifndef HARNESS_RELAY_RELAY_REPORT_H
#define HARNESS_RELAY_RELAY_REPORT_H

#include "harness/relay/forwarder.h"

struct relay_report {
    uint64_t ready_us; // CLOCK_REALTIME
    uint64_t overruns;
    const struct forwarder_counters *counters;
    const struct impairment *impairment;
};

// Replaces the file in one step, so that a reader never sees half of it. False with errno set.
MUST_USE bool relay_report_write(const struct relay_report *report, const char *path);

#endif
