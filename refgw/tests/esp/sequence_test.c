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

int main(void)
{
    counts_from_one();
    never_cycles();
    return done_testing();
}
