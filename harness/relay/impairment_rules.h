// impairment_rules.h - the lines of an `impair` block, read into rules.
//
//   wan ike ACTION WHICH MESSAGE [from SIDE | to SIDE | both-ways] [OPTION...]
//   wan esp ACTION [WHICH] [from SIDE | to SIDE | both-ways] [OPTION...]
//   wan ACTION [from SIDE | to SIDE | both-ways] [OPTION...]          every packet
//
//   ACTION   drop | duplicate | corrupt | delay 50ms [jitter 5ms]
//            loss 5%     random; not for ike, where a random fault proves nothing
//   WHICH    every | 1st | 2nd | 3rd | 4th ...
//   MESSAGE  EXCHANGE.req | EXCHANGE.rsp | EXCHANGE | any.req | any.rsp | any
//            EXCHANGE as in RFC 7296: IKE_SA_INIT IKE_AUTH CREATE_CHILD_SA INFORMATIONAL
//            IKE_INTERMEDIATE IKE_FOLLOWUP_KE IKE_SESSION_RESUME
//   SIDE     west | east
//   OPTION   times N | times all    with 1st, 2nd ...: how many transmissions of that one message;
//                                   1 when left out, so that its retransmission passes
//            seed N                 with loss
//            during PHASE           only between relay_phase(PHASE, true) and (PHASE, false)
//            must-hit N | must-hit >= N
//
// The Nth IKE message is the Nth different one: retransmissions are not counted. Messages differ by
// SPI, exchange, direction and message ID; IKE_SA_INIT also by content, so the request that
// repeats a COOKIE is the 2nd. A message in IKE fragments is one message. The Nth ESP packet is
// the Nth packet.
//
// `drop` ends the matter; the other actions add up. `corrupt` flips one bit in the last byte of the
// payload, which lies in the ICV of anything protected, and mends the UDP checksum so that
// the packet reaches IKE or ESP.
//
// A rules file holds `rule LINE { wan ... }` statements; LINE is the place in the scenario.
#ifndef HARNESS_RELAY_IMPAIRMENT_RULES_H
#define HARNESS_RELAY_IMPAIRMENT_RULES_H

#include "refgw/base/block.h"

enum {
    IMPAIRMENT_MOST_RULES = 64,
    IMPAIRMENT_PHASE_SIZE = 32,
    IMPAIRMENT_TEXT_SIZE = 160,
    IMPAIRMENT_ALWAYS = 1000000, // probability in millionths
};

enum impairment_traffic {
    IMPAIR_ALL,
    IMPAIR_IKE,
    IMPAIR_ESP,
};

enum impairment_action {
    IMPAIR_DROP,
    IMPAIR_DUPLICATE,
    IMPAIR_CORRUPT,
    IMPAIR_DELAY,
};

enum impairment_direction {
    IMPAIR_BOTH_WAYS,
    IMPAIR_FROM_WEST,
    IMPAIR_FROM_EAST,
};

enum impairment_message_kind {
    IMPAIR_ANY_MESSAGE,
    IMPAIR_REQUEST,
    IMPAIR_RESPONSE,
};

struct impairment_rule {
    unsigned line;                   // in the scenario
    char text[IMPAIRMENT_TEXT_SIZE]; // for people: without `wan`, `ike` and `must-hit`
    enum impairment_traffic traffic;
    enum impairment_action action;
    enum impairment_direction direction;
    uint8_t exchange; // 0: any
    enum impairment_message_kind kind;
    unsigned ordinal;     // 0: every
    unsigned times;       // 0: all transmissions
    uint32_t probability; // in millionths
    uint64_t delay_us;
    uint64_t jitter_us;
    bool has_seed;
    uint64_t seed;
    char phase[IMPAIRMENT_PHASE_SIZE]; // empty: always
    unsigned must_hit;                 // 0: no demand
};

struct impairment_rules {
    size_t count;
    struct impairment_rule rules[IMPAIRMENT_MOST_RULES];
};

// Reads one line, `wan ...`. False with the place and the allowed words in `out_fault`. Also for
// checking a scenario; there, words may not contain `$name` or `if` any more.
MUST_USE bool impairment_rule_parse(const struct block_statement *statement,
                                    struct impairment_rule *out_rule,
                                    struct block_fault *out_fault);
// Reads a rules file. A fault's line is the line in the scenario when it lies in a rule.
MUST_USE bool impairment_rules_load(const char *path, struct impairment_rules *out_rules,
                                    struct block_fault *out_fault);
// The same from a text.
MUST_USE bool impairment_rules_parse(struct byte_view text, struct impairment_rules *out_rules,
                                     struct block_fault *out_fault);

#endif
