#include "refgw/wire/encrypted.h"
#include "refgw/tests/wire/codec_check.h"

enum { IV_SIZE = 8, ICV_SIZE = 16 };

// INFORMATIONAL, a Notify in front, SK with IV 11.., 3 bytes of ciphertext, ICV 33...
static const uint8_t known[] = {
    1,    2,    3,    4,    5,    6,    7,    8,    1,    2,    3,    4,    5,    6,    7,    8,
    41,   0x20, 37,   0x08, 0,    0,    0,    2,    0,    0,    0,    67, //
    46,   0,    0,    8,    0,    0,    0x40, 0,                          // N
    42,   0,    0,    31,                                                 // SK, D inside
    0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,                       // IV
    0x22, 0x22, 0x22,                                                     // ciphertext
    0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33,
};
// Fragment 2 of 3: SKF with 1 byte of ciphertext.
static const uint8_t fragment[] = {
    1,    2,    3,    4,    5,    6,    7,    8,    1,    2,    3,    4,    5,    6,    7,    8,
    53,   0x20, 35,   0x08, 0,    0,    0,    1,    0,    0,    0,    61, //
    0,    0,    0,    33,   0,    2,    0,    3,                          // SKF, 2 of 3
    0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,                       // IV
    0x22,                                                                 // ciphertext
    0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33,
};

static bool find(struct byte_view bytes, size_t iv_size, size_t icv_size,
                 struct encrypted_part *out_part, struct wire_fault *out_fault)
{
    static struct message message;
    return message_read(bytes, &message, out_fault) &&
           encrypted_part_find(&message, iv_size, icv_size, out_part, out_fault);
}

static void finds_the_parts_of_sk(void)
{
    struct encrypted_part part = {0};
    struct wire_fault fault;

    ok(find(VIEW_OF(known), IV_SIZE, ICV_SIZE, &part, &fault), "SK is found");
    is_bytes(part.associated.data, part.associated.size, known, 40, "associated data");
    is_bytes(part.iv.data, part.iv.size, known + 40, 8, "IV");
    is_bytes(part.ciphertext.data, part.ciphertext.size, known + 48, 3, "ciphertext");
    is_bytes(part.icv.data, part.icv.size, known + 51, 16, "ICV");
    ok(part.first_inside == IKE_PAYLOAD_DELETE, "the first payload inside");
    ok(part.fragment_number == 0 && part.fragment_count == 0, "no fragment");
}

static void finds_the_parts_of_skf(void)
{
    struct encrypted_part part = {0};
    struct wire_fault fault;

    ok(find(VIEW_OF(fragment), IV_SIZE, ICV_SIZE, &part, &fault), "SKF is found");
    is_bytes(part.associated.data, part.associated.size, fragment, 36,
             "associated data reaches to Total Fragments");
    ok(part.fragment_number == 2 && part.fragment_count == 3, "fragment 2 of 3");
    ok(part.ciphertext.size == 1 && part.first_inside == 0, "one byte, nothing named inside");
}

static void needs_room_for_iv_pad_length_and_icv(void)
{
    struct encrypted_part part = {.fragment_count = 77};
    struct wire_fault fault = {0};

    ok(find(VIEW_OF(known), 10, 16, &part, &fault) && part.ciphertext.size == 1,
       "one byte of ciphertext is enough");
    part.fragment_count = 77;
    ok(!find(VIEW_OF(known), 11, 16, &part, &fault) && fault.kind == WIRE_TRUNCATED, "none is not");
    ok(!find(VIEW_OF(known), 8, 19, &part, &fault) && fault.kind == WIRE_TRUNCATED,
       "an ICV that takes all is too large");
    ok(!find(VIEW_OF(known), 28, 16, &part, &fault) && fault.kind == WIRE_TRUNCATED,
       "an IV larger than the body is too large");
    ok(!find(VIEW_OF(known), 8, 4096, &part, &fault) && fault.kind == WIRE_TRUNCATED,
       "an ICV larger than the body is too large");
    ok(part.fragment_count == 77, "and nothing was written");
    ok(find(VIEW_OF(known), 0, 0, &part, &fault) && part.ciphertext.size == 27,
       "sizes may be zero");
}

static void rejects_impossible_fragments(void)
{
    struct encrypted_part part;
    struct wire_fault fault = {0};
    uint8_t body[sizeof(fragment)];

    memcpy(body, fragment, sizeof(body));
    body[33] = 0;
    ok(!find(VIEW_OF(body), IV_SIZE, ICV_SIZE, &part, &fault) && fault.kind == WIRE_BAD_VALUE,
       "fragment 0 of 3");
    body[33] = 4;
    ok(!find(VIEW_OF(body), IV_SIZE, ICV_SIZE, &part, &fault) && fault.kind == WIRE_BAD_VALUE,
       "fragment 4 of 3");
    body[33] = 0;
    body[35] = 0;
    ok(!find(VIEW_OF(body), IV_SIZE, ICV_SIZE, &part, &fault) && fault.kind == WIRE_BAD_VALUE,
       "fragment 0 of 0");
}

static void rejects_a_fragment_without_its_fields(void)
{
    struct encrypted_part part;
    struct wire_fault fault = {0};
    uint8_t body[35];

    memcpy(body, fragment, sizeof(body));
    body[27] = sizeof(body);
    body[31] = 7;
    ok(!find(VIEW_OF(body), 0, 0, &part, &fault) && fault.kind == WIRE_TRUNCATED,
       "three bytes of SKF");
}

static void rejects_a_message_without_sk(void)
{
    static const uint8_t plain[] = {1,  2,    3,  4,    5, 6, 7, 8, 1, 2, 3, 4,  5, 6, 7, 8,
                                    43, 0x20, 37, 0x08, 0, 0, 0, 2, 0, 0, 0, 32, 0, 0, 0, 4};
    static const uint8_t empty[] = {1, 2, 3, 4,    5,  6, 7, 8, 1, 2, 3, 4, 5, 6,
                                    7, 8, 0, 0x20, 37, 8, 0, 0, 0, 2, 0, 0, 0, 28};
    struct encrypted_part part;
    struct wire_fault fault = {0};

    ok(!find(VIEW_OF(plain), IV_SIZE, ICV_SIZE, &part, &fault) && fault.kind == WIRE_UNKNOWN_TYPE,
       "the last payload is a Vendor ID");
    ok(!find(VIEW_OF(empty), IV_SIZE, ICV_SIZE, &part, &fault) && fault.kind == WIRE_UNKNOWN_TYPE,
       "there is no payload");
}

int main(void)
{
    finds_the_parts_of_sk();
    finds_the_parts_of_skf();
    needs_room_for_iv_pad_length_and_icv();
    rejects_impossible_fragments();
    rejects_a_fragment_without_its_fields();
    rejects_a_message_without_sk();
    return done_testing();
}
