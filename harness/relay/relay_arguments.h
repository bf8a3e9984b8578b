// relay_arguments.h - the command line of `ikelab relay`.
#ifndef HARNESS_RELAY_RELAY_ARGUMENTS_H
#define HARNESS_RELAY_RELAY_ARGUMENTS_H

#include "harness/relay/router.h"

enum { RELAY_MOST_ROUTES = 16 };

// The strings are borrowed from the command line.
struct relay_arguments {
    const char *interfaces[RELAY_SIDE_COUNT];
    const char *capture_path;
    const char *report_path;
    const char *rules_path;
    uint64_t seed;
    size_t route_count;
    const char *routes[RELAY_MOST_ROUTES];
    int control_input;
    int control_output;
};

extern const char relay_usage[];

// words[0] is the word "relay". False when the command line is not right.
MUST_USE bool relay_arguments_read(int count, char **words, struct relay_arguments *out_arguments);

#endif
