// wire_payload.h - the payload notation inside the braces of a wire line.
#ifndef HARNESS_JUDGE_WIRE_PAYLOAD_H
#define HARNESS_JUDGE_WIRE_PAYLOAD_H

#include "harness/judge/wire_line.h"

// Reads one word of the block ("N(ERROR)?", "a|b", "...", "hdr(...)") into the line. False
// with a fault at the item.
MUST_USE bool wire_payload_word(const struct judged_scenario *judged, const struct block_item *item,
                                struct wire_line *line, struct block_fault *out_fault);

#endif
