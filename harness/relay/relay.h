// relay.h - starts and stops the relay, the process in the WAN that forwards, captures, impairs.
//
// Its options, its rules file and its files are described in relay_main.c, impairment_rules.h
// and docs/LAB.md. The program is `ikelab relay ...`, which calls relay_main().
#ifndef HARNESS_RELAY_RELAY_H
#define HARNESS_RELAY_RELAY_H

#include "harness/network/process.h"

#include <stdio.h>

struct relay_options {
    const char *program;        // path of ikelab
    const char *namespace_name; // of wan
    const char *capture_path;   // wan.pcapng; NULL: no capture
    const char *report_path;    // relay.json; NULL: none
    const char *rules_path;     // made with relay_rule_write(); NULL: no rules
    const char *log_path;       // what it prints, for people; NULL: nowhere
    uint64_t seed;              // for rules without a `seed` of their own
    const char *const *routes;  // "203.0.113.64/26=east": forward these networks in the clear to
                                // that side's gateway. Ends with NULL; NULL: only WAN addresses
};

struct relay {
    struct process process;
    int control; // -1 when not running
};

// Starts the relay and returns when it forwards, `milliseconds` at most. False with one sentence
// in `out_error` (a bad rule: "rules:22:17: ..."); nothing runs then.
MUST_USE bool relay_start(const struct relay_options *options, unsigned milliseconds,
                          struct relay *out_relay, char out_error[LAB_ERROR_SIZE]);
// Tells it that the phase `name` begins or ends: rules with `during NAME` act only in between.
// False when the relay does not answer.
bool relay_phase(struct relay *relay, const char *name, bool begins);
// Brings capture and report on disk up to date while it goes on forwarding.
bool relay_flush(struct relay *relay);
// Ends it (SIGTERM), so that capture and report are complete. False when it had ended before or
// did not end in time and was killed; process_describe() tells more. Idempotent.
bool relay_stop(struct relay *relay, unsigned milliseconds);

// Appends one rule to a rules file: the words of an `impair` line (or of `wan ...` in `topology`)
// with every $name already replaced, and the line they come from. False when writing failed.
MUST_USE bool relay_rule_write(FILE *rules, unsigned line, const char *const *words, size_t count);

// The process: `ikelab relay ...`. arguments[0] is the word "relay". Returns the exit code:
// 0 ended by SIGTERM or SIGINT, 2 usage or bad rule, 3 the machine refused something.
int relay_main(int argument_count, char **arguments);

#endif
