#include "refgw/esp/sequence.h"
#include "harness/tap/tap.h"

static void counts_from_one(void)
{
    struct outbound_sequence sequence;
    uint64_t number = 99;
    outbound_sequence_init(&sequence, false);
    ok(outbound_sequence_next(&sequence, &number) && number == 1, "the first number is 1");
    ok(outbound_sequence_next(&sequence, &number) && number == 2, "then comes 2");
}

static void never_cycles(void)
{
    struct outbound_sequence sequence;
    uint64_t number = 0;
    outbound_sequence_init(&sequence, false);
    sequence.last = UINT32_MAX - 1;
    ok(outbound_sequence_next(&sequence, &number) && number == UINT32_MAX,
       "2^32 - 1 is the last number");
    number = 99;
    ok(!outbound_sequence_next(&sequence, &number) && number == 99 && sequence.last == UINT32_MAX,
       "then there is none");
    ok(!outbound_sequence_next(&sequence, &number), "and never again");

    outbound_sequence_init(&sequence, true);
    sequence.last = UINT32_MAX;
    ok(outbound_sequence_next(&sequence, &number) && number == 0x100000000,
       "extended numbers go on after 2^32 - 1");
    sequence.last = UINT64_MAX - 1;
    ok(outbound_sequence_next(&sequence, &number) && number == UINT64_MAX,
       "2^64 - 1 is the last extended number");
    ok(!outbound_sequence_next(&sequence, &number), "then there is none");
}

static void skips_forward_only(void)
{
    struct outbound_sequence sequence;
    outbound_sequence_init(&sequence, false);
    ok(outbound_sequence_skip(&sequence, 10) && sequence.last == 10, "skips to 10");
    ok(outbound_sequence_skip(&sequence, 10) && sequence.last == 10, "stays at 10");
    ok(!outbound_sequence_skip(&sequence, 9) && sequence.last == 10, "does not go back to 9");
    ok(!outbound_sequence_skip(&sequence, 0x100000000) && sequence.last == 10,
       "does not leave 32 bits");
    outbound_sequence_init(&sequence, true);
    ok(outbound_sequence_skip(&sequence, UINT64_MAX), "unless numbers are extended");
}

int main(void)
{
    skips_forward_only();
    counts_from_one();
    never_cycles();
    return done_testing();
}
