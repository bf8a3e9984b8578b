// replay_window.h - which sequence numbers were seen already (RFC 4303, section 3.4.3 and
// appendix A), kept as a ring of words that never shifts (RFC 6479).
#ifndef REFGW_ESP_REPLAY_WINDOW_H
#define REFGW_ESP_REPLAY_WINDOW_H

#include "refgw/base/bytes.h"

enum { REPLAY_WINDOW_MOST = 65536 };

struct replay_window {
    uint64_t top;   // highest number accepted so far, 0 before the first
    uint64_t *ring; // one bit per number; owned
    uint32_t size;  // numbers below and including `top` that can still be accepted; 0: no check
    uint32_t word_count; // of the ring: a power of two
    bool has_esn;
};

// `size` up to REPLAY_WINDOW_MOST. False when it is larger or memory runs out; the window is
// unchanged then.
MUST_USE bool replay_window_init(struct replay_window *window, uint32_t size, bool has_esn);
void replay_window_clear(struct replay_window *window);

// The whole number for the low 32 bits on the wire: with extended sequence numbers the high
// half is inferred (appendix A2.1). 0 when there is no such number.
MUST_USE uint64_t replay_window_infer(const struct replay_window *window, uint32_t low);
// Whether the number is valid and was not seen. Changes nothing.
MUST_USE bool replay_window_check(const struct replay_window *window, uint64_t sequence);
// Marks the number as seen. Only for a number that passed the check and whose ICV was right.
void replay_window_accept(struct replay_window *window, uint64_t sequence);

#endif
