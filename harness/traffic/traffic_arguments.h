// traffic_arguments.h - the command line of `ikelab traffic`.
#ifndef HARNESS_TRAFFIC_TRAFFIC_ARGUMENTS_H
#define HARNESS_TRAFFIC_TRAFFIC_ARGUMENTS_H

#include "refgw/base/bytes.h"

// The strings are borrowed from the command line.
struct traffic_arguments {
    const char *name;
    const char *host;
    const char *local;
    const char *remote;
    const char *report_path;
    uint64_t port;
    uint64_t size;
    uint64_t rate;
    int control_input;
    int control_output;
};

extern const char traffic_usage[];

// words[0] is the word "traffic". False when the command line is not right.
MUST_USE bool traffic_arguments_read(int count, char **words,
                                     struct traffic_arguments *out_arguments);

#endif
