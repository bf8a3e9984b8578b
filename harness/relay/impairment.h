// impairment.h - decides what happens to each packet, and counts.
//
// Reads no clock and draws no randomness from outside: the same rules, seed and packets give the
// same decisions.
#ifndef HARNESS_RELAY_IMPAIRMENT_H
#define HARNESS_RELAY_IMPAIRMENT_H

#include "harness/relay/impairment_rules.h"
#include "harness/relay/packet_sight.h"

enum { IMPAIRMENT_MOST_FRAMES = 1000, IMPAIRMENT_COMMENT_SIZE = 512 };

struct impairment;

// What to do with one packet. `comment` names the rules ("rule 22: drop ..."), or is empty.
struct impairment_decision {
    bool drop;
    bool corrupt;
    unsigned copies; // besides the packet itself
    uint64_t delay_us;
    char comment[IMPAIRMENT_COMMENT_SIZE];
};

// What became of one rule.
struct impairment_count {
    const struct impairment_rule *rule;
    uint64_t hits;
    size_t frame_count; // of the hits, the first IMPAIRMENT_MOST_FRAMES
    const uint64_t *frames;
};

// Copies the rules. `seed` is for rules without one of their own. NULL when memory runs out.
MUST_USE struct impairment *impairment_new(const struct impairment_rules *rules, uint64_t seed);
void impairment_free(struct impairment *impairment); // accepts NULL
// Begins or ends a phase that `during` names. Beginning it anew counts anew.
void impairment_phase(struct impairment *impairment, const char *name, bool begins);
// Decides about a packet that arrived from west or east; `frame` is its number in the capture, 0
// without one. When memory runs out, a message may be counted as new once more.
void impairment_decide(struct impairment *impairment, const struct packet_sight *sight,
                       bool from_west, uint64_t frame, struct impairment_decision *out_decision);
MUST_USE size_t impairment_rule_count(const struct impairment *impairment);
// Valid until the next decision.
struct impairment_count impairment_count_at(const struct impairment *impairment, size_t index);

// Flips one bit in the last payload byte of `packet`, the bytes that `sight` was taken from, and
// mends a UDP checksum.
void impairment_corrupt(const struct packet_sight *sight, uint8_t *packet);

#endif
