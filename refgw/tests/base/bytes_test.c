#include "refgw/base/bytes.h"
#include "harness/tap/tap.h"

#include <stdint.h>

static const uint8_t known[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void reads_big_endian_numbers(void)
{
    struct byte_reader in = reader_over(VIEW_OF(known));
    uint8_t one = 0;
    uint16_t two = 0;
    uint32_t four = 0;
    uint64_t eight = 0;

    ok(reader_take_u8(&in, &one) && one == 1, "one byte");
    ok(reader_take_u16(&in, &two) && two == 0x0203, "two bytes");
    ok(reader_take_u32(&in, &four) && four == 0x04050607, "four bytes");
    ok(reader_take_u64(&in, &eight) && eight == 0x08090a0b0c0d0e0fU, "eight bytes");
    ok(in.left == 0, "and nothing is left");
}

static void a_take_that_fails_changes_nothing(void)
{
    struct byte_reader in = {.next = known, .left = 0};
    struct byte_reader part = {.left = 77};
    struct byte_view view = {.size = 77};
    uint8_t one = 77;
    uint16_t two = 77;
    uint32_t four = 77;
    uint64_t eight = 77;

    ok(!reader_take_u8(&in, &one) && one == 77, "one byte of none");
    in.left = 1;
    ok(!reader_take_u16(&in, &two) && two == 77, "two bytes of one");
    in.left = 3;
    ok(!reader_take_u32(&in, &four) && four == 77, "four bytes of three");
    in.left = 7;
    ok(!reader_take_u64(&in, &eight) && eight == 77, "eight bytes of seven");
    ok(!reader_take_bytes(&in, 8, &view) && view.size == 77, "a view of eight of seven");
    ok(!reader_take_bytes(&in, SIZE_MAX, &view) && view.size == 77, "the largest size");
    ok(!reader_take_part(&in, 8, &part) && part.left == 77, "a part of eight of seven");
    ok(in.next == known && in.left == 7, "the reader stands where it stood");
}

static void takes_views_parts_and_the_rest(void)
{
    struct byte_reader in = reader_over(VIEW_OF(known));
    struct byte_reader part = {0};
    struct byte_view view = {0};

    ok(reader_take_bytes(&in, 3, &view), "three bytes");
    is_bytes(view.data, view.size, known, 3, "are the first three");
    ok(reader_take_part(&in, 2, &part) && part.next == known + 3 && part.left == 2, "a part");
    ok(reader_take_bytes(&in, 0, &view) && view.size == 0, "a view of nothing");
    view = reader_take_rest(&in);
    is_bytes(view.data, view.size, known + 5, sizeof(known) - 5, "the rest");
    ok(in.left == 0 && reader_take_rest(&in).size == 0, "twice the rest is nothing");
}

static void an_empty_view_reads_like_any_other(void)
{
    struct byte_reader in = reader_over((struct byte_view){0});
    struct byte_view view = {.size = 77};
    ok(reader_take_bytes(&in, 0, &view) && view.size == 0, "nothing of nothing");
    ok(reader_take_rest(&in).size == 0, "the rest of nothing");
}

static void views_are_equal_in_size_and_content(void)
{
    static const uint8_t other[] = {1, 2, 4};
    const struct byte_view first = {.data = known, .size = 3};
    ok(view_equals(first, first), "a view equals itself");
    ok(!view_equals(first, VIEW_OF(other)), "not one with other content");
    ok(!view_equals(first, (struct byte_view){.data = known, .size = 2}), "not a shorter one");
    ok(view_equals((struct byte_view){0}, (struct byte_view){.data = known}), "empty is empty");
}

static void writes_what_it_reads(void)
{
    uint8_t buffer[sizeof(known) + 5];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view written = {0};
    static const uint8_t zeros[2] = {0};

    writer_put_u8(&out, 1);
    writer_put_u16(&out, 0x0203);
    writer_put_u32(&out, 0x04050607);
    writer_put_u64(&out, 0x08090a0b0c0d0e0fU);
    writer_put_bytes(&out, (struct byte_view){.data = known, .size = 3});
    writer_put_bytes(&out, (struct byte_view){0});
    writer_put_zeros(&out, 2);
    ok(writer_finish(&out, &written) && written.size == sizeof(buffer), "all of it fits");
    is_bytes(written.data, sizeof(known), known, sizeof(known), "numbers are big-endian");
    is_bytes(written.data + sizeof(known), 3, known, 3, "bytes follow");
    is_bytes(written.data + sizeof(known) + 3, 2, zeros, 2, "and zeros");
}

static void an_overflow_sticks(void)
{
    uint8_t buffer[4] = {0xee, 0xee, 0xee, 0xee};
    struct byte_writer out = writer_into(buffer, 3);
    struct byte_view written = {.size = 77};

    writer_put_u16(&out, 0x0102);
    writer_put_u16(&out, 0x0304);
    writer_put_u8(&out, 5);
    writer_put_zeros(&out, 1);
    writer_fill_u8(&out, 0, 9);
    ok(!writer_finish(&out, &written) && written.size == 77, "an overflow is reported");
    ok(out.used == 2 && buffer[0] == 1, "what was written before stays");
    ok(buffer[2] == 0xee && buffer[3] == 0xee, "nothing was written afterwards");
    out = writer_into(buffer, 4);
    writer_put_zeros(&out, SIZE_MAX);
    ok(out.overflowed, "too many zeros overflow");
}

static void fills_in_what_was_left_open(void)
{
    uint8_t buffer[8];
    static const uint8_t wanted[] = {9, 0x0a, 0x0b, 0, 1, 2, 3, 4};
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view written = {0};

    writer_put_zeros(&out, sizeof(buffer));
    writer_fill_u8(&out, 0, 9);
    writer_fill_u16(&out, 1, 0x0a0b);
    writer_fill_u32(&out, 4, 0x01020304);
    ok(writer_finish(&out, &written), "everything lies inside");
    is_bytes(written.data, written.size, wanted, sizeof(wanted), "at its place");
}

static void filling_outside_is_an_overflow(void)
{
    uint8_t buffer[8];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));

    writer_put_u16(&out, 0);
    writer_fill_u16(&out, 1, 1);
    ok(out.overflowed, "half outside of what was written");
    out = writer_into(buffer, sizeof(buffer));
    writer_fill_u8(&out, SIZE_MAX, 1);
    ok(out.overflowed, "far outside");
}

int main(void)
{
    reads_big_endian_numbers();
    a_take_that_fails_changes_nothing();
    takes_views_parts_and_the_rest();
    an_empty_view_reads_like_any_other();
    views_are_equal_in_size_and_content();
    writes_what_it_reads();
    an_overflow_sticks();
    fills_in_what_was_left_open();
    filling_outside_is_an_overflow();
    return done_testing();
}
