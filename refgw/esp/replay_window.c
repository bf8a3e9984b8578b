#include "refgw/esp/replay_window.h"

#include <stdlib.h>

enum {
    WORD_BITS = 64,
    // With the check switched off the high half must still be inferred from something.
    INFERENCE_SIZE_WITHOUT_CHECK = 64,
};

bool replay_window_init(struct replay_window *window, uint32_t size, bool has_esn)
{
    uint32_t word_count = 1;
    uint64_t *ring = NULL;

    if (size > REPLAY_WINDOW_MOST) {
        return false;
    }
    // One word more than the window fills: the word of `top` is only partly in use.
    while (word_count * WORD_BITS < size + WORD_BITS) {
        word_count *= 2;
    }
    if (size > 0) {
        ring = calloc(word_count, sizeof(*ring));
        if (ring == NULL) {
            return false;
        }
    }
    *window = (struct replay_window){
        .ring = ring, .size = size, .word_count = word_count, .has_esn = has_esn};
    return true;
}

void replay_window_clear(struct replay_window *window)
{
    free(window->ring);
    *window = (struct replay_window){0};
}

uint64_t replay_window_infer(const struct replay_window *window, uint32_t low)
{
    if (!window->has_esn) {
        return low;
    }
    const uint32_t size = window->size > 0 ? window->size : INFERENCE_SIZE_WITHOUT_CHECK;
    const uint32_t top_low = (uint32_t)window->top;
    const uint32_t bottom_low = top_low - size + 1; // may wrap
    uint64_t high = window->top >> 32;

    if (top_low >= size - 1) {
        // The whole window has one high half; what is left of it belongs to the next one.
        if (low < bottom_low) {
            high++;
        }
    } else if (low >= bottom_low) {
        // The window reaches back into the previous high half, and so does this number.
        if (high == 0) {
            return 0;
        }
        high--;
    }
    return high > UINT32_MAX ? 0 : high << 32 | low;
}

static uint64_t *find_word(const struct replay_window *window, uint64_t sequence)
{
    return &window->ring[sequence / WORD_BITS & (window->word_count - 1)];
}

static uint64_t bit_of(uint64_t sequence)
{
    return (uint64_t)1 << (sequence % WORD_BITS);
}

bool replay_window_check(const struct replay_window *window, uint64_t sequence)
{
    // The sender starts with 1 (RFC 4303, section 2.2) and never cycles.
    if (sequence == 0) {
        return false;
    }
    if (window->size == 0 || sequence > window->top) {
        return true;
    }
    return window->top - sequence < window->size &&
           (*find_word(window, sequence) & bit_of(sequence)) == 0;
}

// Empties the words between the old top and the new one; further words are still empty
// enough: they hold numbers of this turn.
static void advance(struct replay_window *window, uint64_t sequence)
{
    const uint64_t old_word = window->top / WORD_BITS;
    uint64_t steps = sequence / WORD_BITS - old_word;
    if (steps > window->word_count) {
        steps = window->word_count;
    }
    for (uint64_t i = 1; i <= steps; i++) {
        window->ring[(sequence / WORD_BITS - steps + i) & (window->word_count - 1)] = 0;
    }
    window->top = sequence;
}

void replay_window_accept(struct replay_window *window, uint64_t sequence)
{
    if (window->size == 0) {
        window->top = sequence > window->top ? sequence : window->top;
        return;
    }
    if (sequence > window->top) {
        advance(window, sequence);
    }
    *find_word(window, sequence) |= bit_of(sequence);
}
