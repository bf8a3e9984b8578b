// esp_lines.h - the lines of `expect { esp { } }`.
//
//   both-ways decrypted >= N        each direction has that many packets that open with its keys
//   both-ways seen >= N             the same without looking inside
//   seq starts 1 increasing         per SPI, as sent
//   udp-encap 4500 only             no bare ESP          no-udp-encap     no ESP in UDP
//   no-esp                          none at all          no-cleartext     see free_checks.h
//   $name both-ways first <3s after rsp $r     both SPIs of $name.in@west and $name.in@east
//   $name never >2s after rsp $d               carry ESP by then, or none from then on
#ifndef HARNESS_JUDGE_ESP_LINES_H
#define HARNESS_JUDGE_ESP_LINES_H

#include "harness/judge/wire_checks.h"

enum esp_line_kind {
    ESP_BOTH_WAYS_DECRYPTED,
    ESP_BOTH_WAYS_SEEN,
    ESP_SEQUENCE,
    ESP_ENCAPSULATED_ONLY,
    ESP_NOT_ENCAPSULATED,
    ESP_NONE,
    ESP_NO_CLEARTEXT,
    ESP_FIRST_AFTER,
    ESP_NEVER_AFTER,
};

struct esp_line {
    enum esp_line_kind kind;
    enum check_severity severity;
    unsigned line;
    enum comparison comparison;
    uint64_t number;
    char binding[WIRE_NAME_SIZE]; // "$new"
    uint64_t limit_us;
    enum wire_kind after_kind;
    char after[WIRE_NAME_SIZE]; // "$r"
};

MUST_USE bool esp_line_parse(const struct judged_scenario *judged,
                             const struct block_statement *statement, struct esp_line *out_line,
                             struct block_fault *out_fault);
// One check per line; `block` may be NULL. False with the place when a line is wrong.
MUST_USE bool esp_checks_run(const struct cell_evidence *evidence, const struct block *block,
                             const struct wire_result *wire, struct check_list *checks,
                             struct block_fault *out_fault);

#endif
