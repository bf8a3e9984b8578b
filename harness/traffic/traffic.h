// traffic.h - starts and steers the probe processes that measure a tunnel from LAN to LAN.
//
// One process per LAN host sends and receives numbered, time-stamped, tagged UDP datagrams at a
// fixed rate. It starts idle: it receives at once and sends between `on` and `off`. The two
// reports together make traffic.json (traffic_report.h).
#ifndef HARNESS_TRAFFIC_TRAFFIC_H
#define HARNESS_TRAFFIC_TRAFFIC_H

#include "harness/network/process.h"

struct traffic_options {
    const char *program;        // path of ikelab
    const char *namespace_name; // of the LAN host
    const char *name;           // "probe": the word after `traffic` in the scenario
    const char *host;           // "west-lan": `from` in the report
    const char *local;          // "203.0.113.2" or an IPv6 address
    const char *remote;
    uint16_t port;           // UDP, the same on both ends
    unsigned size;           // of the UDP payload in bytes, from 40 to 65000
    unsigned rate;           // datagrams a second, from 1 to 100000
    const char *report_path; // written at the end
    const char *log_path;    // for people; NULL: nowhere
};

struct traffic {
    struct process process;
    int control; // -1 when not running
};

struct traffic_counts {
    uint64_t sent;
    uint64_t received; // without duplicates
    uint64_t duplicated;
};

// Starts one end, idle; returns when it listens. False with one sentence in `out_error`.
MUST_USE bool traffic_start(const struct traffic_options *options, struct traffic *out_traffic,
                            char out_error[LAB_ERROR_SIZE]);
// Starts and stops sending. True when the process has done so.
bool traffic_on(struct traffic *traffic);
bool traffic_off(struct traffic *traffic);
// What it has counted so far.
MUST_USE bool traffic_stat(struct traffic *traffic, struct traffic_counts *out_counts);
// Ends it; the report is complete afterwards. False when it did not end well and was killed.
// Safe on a probe that was never started (zeroed), and more than once. Datagrams under way are
// lost to the count, so stop both sides with traffic_off() and let traffic_settled() be true first.
bool traffic_finish(struct traffic *traffic);

// Whether everything that `from` sent has been received by `to`. After `off` the runner polls this
// for as long as the path can take (delay plus some 100 ms) before traffic_finish().
MUST_USE bool traffic_settled(struct traffic *from, struct traffic *to);

// The process: `ikelab traffic ...`. arguments[0] is the word "traffic". Returns the exit code:
// 0 ended by `quit` or SIGTERM, 2 usage, 3 the machine refused something.
int traffic_main(int argument_count, char **arguments);

#endif
