// The ring of bits against a list of everything that was ever accepted.
#include "refgw/esp/replay_window.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/scripted/deterministic_random.h"

#include <stdlib.h>

enum { STEPS = 3000 };

// RFC 4303 in the simplest words there are.
struct oracle {
    uint64_t accepted[STEPS];
    size_t count;
    uint64_t top;
    uint32_t size;
    bool has_esn;
};

static bool oracle_was_accepted(const struct oracle *oracle, uint64_t sequence)
{
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->accepted[i] == sequence) {
            return true;
        }
    }
    return false;
}

// Of all numbers with these low bits the one that is inside the window or less than 2^32 right
// of its left edge: there is exactly one, unless it would be negative or beyond 64 bits.
static uint64_t oracle_infer(const struct oracle *oracle, uint32_t low)
{
    if (!oracle->has_esn) {
        return low;
    }
    const uint64_t left_edge = oracle->top - oracle->size + 1; // "negative" near the start
    const uint64_t distance = (uint32_t)(low - (uint32_t)left_edge);
    const uint64_t number = left_edge + distance;
    const bool starts_below_zero = oracle->top + 1 < oracle->size && oracle->top != UINT64_MAX;
    const bool wraps = number < left_edge;
    return starts_below_zero == wraps ? number : 0;
}

static bool oracle_check(const struct oracle *oracle, uint64_t sequence)
{
    const bool is_left_of_window =
        sequence <= oracle->top && oracle->top - sequence >= oracle->size;
    return sequence != 0 && !is_left_of_window && !oracle_was_accepted(oracle, sequence);
}

static void oracle_accept(struct oracle *oracle, uint64_t sequence)
{
    oracle->accepted[oracle->count] = sequence;
    oracle->count++;
    oracle->top = sequence > oracle->top ? sequence : oracle->top;
}

// Mostly near the top, on both sides; sometimes far ahead.
static uint64_t next_number(struct deterministic_random *random, uint64_t top, uint32_t size)
{
    const uint64_t choice = deterministic_random_next(random) % 100;
    const uint64_t draw = deterministic_random_next(random);
    if (choice < 45) {
        const uint64_t back = draw % (2 * (uint64_t)size + 3);
        return back >= top ? 1 : top - back;
    }
    if (choice < 97) {
        return top + draw % 5;
    }
    return top + draw % (3 * (uint64_t)size + 200);
}

static bool behaves_like_the_oracle(uint32_t size, bool has_esn, uint64_t start, uint64_t seed)
{
    struct oracle *oracle = calloc(1, sizeof(*oracle));
    struct replay_window window;
    struct deterministic_random random;
    bool same = oracle != NULL && replay_window_init(&window, size, has_esn);
    if (!same) {
        free(oracle);
        return false;
    }
    deterministic_random_init(&random, seed);
    oracle->size = size;
    oracle->has_esn = has_esn;
    oracle->top = start;
    window.top = start;
    for (unsigned i = 0; same && i < STEPS; i++) {
        const uint64_t wanted = next_number(&random, oracle->top, size);
        const uint32_t low = (uint32_t)wanted;
        const uint64_t sequence = replay_window_infer(&window, low);
        const bool passes = replay_window_check(&window, sequence);
        same = sequence == oracle_infer(oracle, low) && passes == oracle_check(oracle, sequence);
        // One in four has a wrong ICV: it must change nothing.
        if (same && passes && deterministic_random_next(&random) % 4 != 0) {
            replay_window_accept(&window, sequence);
            oracle_accept(oracle, sequence);
        }
        same = same && window.top == oracle->top;
    }
    replay_window_clear(&window);
    free(oracle);
    return same;
}

static void accepts_what_the_oracle_accepts(void)
{
    static const uint32_t sizes[] = {1, 2, 31, 32, 63, 64, 65, 127, 128, 1000, 4096, 65536};
    static const uint64_t esn_starts[] = {
        0,           1,           0xffffff00,  0xfffffffe,         0xffffffff,
        0x100000000, 0x100000020, 0x2fffffff0, 0x7fffffffffffff00, 0xfffffffffffff000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        bool same = true;
        for (uint64_t seed = 0; seed < 4; seed++) {
            same = same && behaves_like_the_oracle(sizes[i], false, 0, seed) &&
                   behaves_like_the_oracle(sizes[i], false, 0xfffff000, seed);
        }
        ok(same, "a window of %u behaves like the oracle", sizes[i]);
        same = true;
        for (size_t k = 0; k < sizeof(esn_starts) / sizeof(esn_starts[0]); k++) {
            same = same && behaves_like_the_oracle(sizes[i], true, esn_starts[k], k);
        }
        ok(same, "a window of %u behaves like the oracle with extended numbers", sizes[i]);
    }
}

static bool takes(struct replay_window *window, uint64_t sequence)
{
    if (!replay_window_check(window, sequence)) {
        return false;
    }
    replay_window_accept(window, sequence);
    return true;
}

static void keeps_both_edges(void)
{
    struct replay_window window;
    ok(replay_window_init(&window, 64, false), "a window of 64");
    ok(!takes(&window, 0), "0 is never valid");
    ok(takes(&window, 1) && !takes(&window, 1), "1 passes once");
    ok(takes(&window, 100), "a jump passes");
    ok(!replay_window_check(&window, 36), "100 - 64 is left of the window");
    ok(takes(&window, 37) && !takes(&window, 37), "100 - 63 passes once");
    ok(takes(&window, 99) && !takes(&window, 99) && !takes(&window, 100), "99 passes once");
    ok(takes(&window, 0x80000000), "a jump over half the numbers passes");
    ok(!takes(&window, 100), "and leaves the old ones behind");
    ok(takes(&window, 0x80000000 - 63) && !takes(&window, 0x80000000 - 64), "the edges moved too");
    ok(takes(&window, 0xffffffff) && !takes(&window, 0xffffffff), "the last number passes once");
    ok(replay_window_infer(&window, 0) == 0 && !takes(&window, replay_window_infer(&window, 0)),
       "without extended numbers nothing comes after it");
    replay_window_clear(&window);
}

static void infers_the_high_half(void)
{
    struct replay_window window;
    ok(replay_window_init(&window, 64, true), "a window of 64 with extended numbers");
    ok(replay_window_infer(&window, 1) == 1, "the first number has no high half");
    ok(replay_window_infer(&window, 0xffffffff) == 0, "there is nothing left of the start");
    window.top = 0x00000000ffffffff;
    ok(replay_window_infer(&window, 0) == 0x100000000, "after 2^32 - 1 comes 2^32");
    ok(replay_window_infer(&window, 0xfffffffe) == 0xfffffffe, "2^32 - 2 is in the window");
    window.top = 0x0000000100000005;
    ok(replay_window_infer(&window, 6) == 0x100000006, "the next one");
    ok(replay_window_infer(&window, 0xfffffff0) == 0xfffffff0, "the one before the turn");
    ok(replay_window_infer(&window, 0xffffff00) == 0x1ffffff00, "left of the window is far ahead");
    window.top = UINT64_MAX;
    ok(replay_window_infer(&window, 0) == 0, "there is nothing after the last number");
    ok(replay_window_infer(&window, 0xfffffffe) == UINT64_MAX - 1, "but something before it");
    replay_window_clear(&window);
}

static void switches_the_check_off(void)
{
    struct replay_window window;
    ok(replay_window_init(&window, 0, false), "a window of 0");
    ok(takes(&window, 5) && takes(&window, 1), "everything passes");
    ok(takes(&window, 5), "and passes again");
    ok(!takes(&window, 0), "but for 0");
    ok(window.top == 5, "the highest number is known");
    replay_window_clear(&window);
    ok(replay_window_init(&window, 0, true), "a window of 0 with extended numbers");
    ok(takes(&window, 0xffffffff) && replay_window_infer(&window, 3) == 0x100000003,
       "the high half is inferred all the same");
    replay_window_clear(&window);
}

static void refuses_windows_that_are_too_large(void)
{
    struct replay_window window = {.size = 5};
    ok(!replay_window_init(&window, REPLAY_WINDOW_MOST + 1, false) && window.size == 5,
       "a window of 65537 is refused");
    ok(!replay_window_init(&window, UINT32_MAX, true) && window.size == 5,
       "a window of 2^32 - 1 is refused");
}

int main(void)
{
    accepts_what_the_oracle_accepts();
    keeps_both_edges();
    infers_the_high_half();
    switches_the_check_off();
    refuses_windows_that_are_too_large();
    return done_testing();
}
