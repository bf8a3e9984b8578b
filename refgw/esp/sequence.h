// sequence.h - the outbound counter of one SA (RFC 4303, sections 2.2 and 3.3.3).
#ifndef REFGW_ESP_SEQUENCE_H
#define REFGW_ESP_SEQUENCE_H

#include "refgw/base/bytes.h"

struct outbound_sequence {
    uint64_t last; // the last number that was used; 0 before the first packet
    bool has_esn;
};

void outbound_sequence_init(struct outbound_sequence *sequence, bool has_esn);
// The number for the next packet, from 1 on. False when the counter would cycle: the SA is
// used up then and sends nothing more.
MUST_USE bool outbound_sequence_next(struct outbound_sequence *sequence, uint64_t *out_number);
// Uses up all numbers to `last_used`. False when that lies behind or beyond the last number;
// nothing changes then.
MUST_USE bool outbound_sequence_skip(struct outbound_sequence *sequence, uint64_t last_used);

#endif
