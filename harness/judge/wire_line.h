// wire_line.h - one line of a scenario's `expect { wire { } }`: which message is expected
// when, from whom, with which payloads.
//
//   SEVERITY [WHEN] FROM > TO  EXCHANGE|any  req|rsp|any  [$name] [dport N] [sport N] [mid N]
//            [rfcNNNN:SECTION] [{ PAYLOAD... }] [if $axis == value]
//   SEVERITY retransmit $name COMPARISON NUMBER
//   SEVERITY retransmit-of $name is byte-identical
//
//   WHEN      *  any time after the line before      +<2s  at most 2 s after it
//             +1s~4s  1 to 4 s after it              #40+<2s  within 2 s of the start of step 40
//             #40+  any time after that start. "~retrans" or "~rtt" behind it: more patience.
//   FROM, TO  west east any peer ("the other one")
//   PAYLOAD   X exactly one, X? at most one, X+ one or more, !X none, a|b one of these,
//             ... others are allowed (else the set is exact); X may be followed by
//             (fields): N(REKEY_SA, ESP, spi $old.in@west) SA(ESP, encr aes128gcm16, n 1)
//             KE(group 31) D(ESP, spi $x) TSi(203.0.113.0/26) hdr(flags I!R, ver 2.0, mid 0)
//   $name     behind req or rsp: the first line binds it to a message, later lines want that
//             exchange. In a field: the first use binds the value, later uses compare.
#ifndef HARNESS_JUDGE_WIRE_LINE_H
#define HARNESS_JUDGE_WIRE_LINE_H

#include "harness/judge/line_words.h"
#include "pcap/sides.h"

enum {
    WIRE_MOST_LINES = 128,
    WIRE_MOST_TERMS = 24,
    WIRE_MOST_ALTERNATIVES = 4,
    WIRE_MOST_FIELDS = 8,
    WIRE_NAME_SIZE = 48,
    WIRE_KEY_SIZE = 12,
    WIRE_VALUE_SIZE = 96,
    WIRE_TEXT_SIZE = 512,
};

enum wire_line_kind {
    WIRE_LINE_MESSAGE,
    WIRE_LINE_RETRANSMIT_COUNT,
    WIRE_LINE_RETRANSMIT_IDENTICAL,
};

enum wire_when_kind {
    WHEN_IN_ORDER,       // "*"
    WHEN_AFTER_PREVIOUS, // "+..."
    WHEN_AFTER_STEP,     // "#N+..."
};

struct wire_when {
    enum wire_when_kind kind;
    bool was_written; // a `never` line may go without
    unsigned step;
    uint64_t earliest_us; // after the reference
    uint64_t latest_us;   // 0: no end
};

enum wire_kind {
    WIRE_REQUEST,
    WIRE_RESPONSE,
    WIRE_ANY_KIND,
};

// `value` starting with '$' is a binding.
struct wire_field {
    char key[WIRE_KEY_SIZE];
    char value[WIRE_VALUE_SIZE];
};

struct wire_payload {
    char name[WIRE_NAME_SIZE];
    size_t field_count;
    struct wire_field fields[WIRE_MOST_FIELDS];
};

enum wire_multiplicity {
    WIRE_EXACTLY_ONE,
    WIRE_AT_MOST_ONE,
    WIRE_ONE_OR_MORE,
    WIRE_NONE,
};

struct wire_term {
    enum wire_multiplicity multiplicity;
    size_t count;
    struct wire_payload alternatives[WIRE_MOST_ALTERNATIVES];
    char text[WIRE_TEXT_SIZE]; // as it was written, axes replaced
};

struct wire_header_match {
    bool has_initiator;
    bool is_initiator;
    bool has_response;
    bool is_response;
    bool has_version;
    unsigned major_version;
    unsigned minor_version;
};

struct wire_line {
    enum wire_line_kind kind;
    enum check_severity severity;
    unsigned line;
    struct wire_when when;
    enum capture_side from;        // UNKNOWN: any
    char exchange[WIRE_NAME_SIZE]; // "" for any
    enum wire_kind message_kind;
    char binding[WIRE_NAME_SIZE]; // "$r", or ""
    uint16_t source_port;         // 0: any
    uint16_t destination_port;
    bool has_message_id;
    uint32_t message_id;
    struct wire_header_match header;
    bool has_set;
    bool allows_others;
    size_t term_count;
    struct wire_term terms[WIRE_MOST_TERMS];
    enum comparison comparison; // of a retransmit line
    uint64_t number;
    char requirement[CHECK_WORD_SIZE]; // written, or the exchange's own section
    char text[WIRE_TEXT_SIZE];         // "west > east IKE_AUTH req { IDi AUTH ... }"
};

// Parses one statement of the block. False with the place and what is allowed in out_fault.
MUST_USE bool wire_line_parse(const struct judged_scenario *judged,
                              const struct block_statement *statement, struct wire_line *out_line,
                              struct block_fault *out_fault);

// All lines of a block that apply under the variant. An array of `*out_count` lines that the
// caller releases with free(); NULL with the fault when one is wrong or memory runs out.
MUST_USE struct wire_line *wire_lines_parse(const struct judged_scenario *judged,
                                            const struct block *block, size_t *out_count,
                                            struct block_fault *out_fault);

#endif
