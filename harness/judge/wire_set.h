// wire_set.h - whether one message is what one line describes.
#ifndef HARNESS_JUDGE_WIRE_SET_H
#define HARNESS_JUDGE_WIRE_SET_H

#include "harness/judge/wire_bindings.h"
#include "pcap/capture_contents.h"

enum match_result {
    MATCH_NO,
    MATCH_BLIND, // everything in the clear fits, but its payloads cannot be seen
    MATCH_YES,
};

enum { DIFFERENCE_MOST = 16, DIFFERENCE_TEXT_SIZE = 192 };

// What keeps a message's payloads from fitting: "- KE(group 31)" and "+ N(COOKIE)".
struct set_difference {
    size_t missing_count;
    char missing[DIFFERENCE_MOST][DIFFERENCE_TEXT_SIZE];
    size_t extra_count;
    char extra[DIFFERENCE_MOST][DIFFERENCE_TEXT_SIZE];
};

// Side, exchange, request or response, ports, flags, message ID and $name. Does not look at
// payloads.
MUST_USE bool wire_header_matches(const struct wire_line *line,
                                  const struct capture_contents *contents, size_t record,
                                  const struct wire_bindings *bindings);
// Whether two messages are of one exchange, go the same way and have the same message ID: then
// they must be one message and its repetitions (RFC 7296, section 2.1).
MUST_USE bool wire_same_message(const struct ike_record *left, const struct ike_record *right);
// Header and payloads. On MATCH_YES and MATCH_BLIND what the line binds is added to `bindings`;
// otherwise they stay as they were.
MUST_USE enum match_result wire_line_matches(const struct wire_line *line,
                                             const struct capture_contents *contents, size_t record,
                                             struct wire_bindings *bindings);
// Compares only the payloads and says what is different. Nothing for a message that cannot be
// read.
void wire_set_compare(const struct wire_line *line, const struct ike_record *record,
                      const struct wire_bindings *bindings, struct set_difference *out_difference);

#endif
