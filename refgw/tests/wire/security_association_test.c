#include "refgw/wire/security_association.h"
#include "refgw/tests/wire/codec_check.h"

// Offsets into `known`, for the tests that change one field.
enum {
    FIRST_MARK = 0,
    FIRST_LENGTH = 3,
    FIRST_NUMBER = 4,
    FIRST_PROTOCOL = 5,
    FIRST_SPI_SIZE = 6,
    FIRST_COUNT = 7,
    FIRST_TRANSFORM_MARK = 12,
    FIRST_TRANSFORM_LENGTH = 15,
    ATTRIBUTE_TYPE = 20,
    LAST_TRANSFORM_MARK = 24,
    SECOND_MARK = 32,
    SECOND_NUMBER = 36,
};

static const uint8_t known[] = {
    2,    0,    0,    32,   1, 3, 4, 2,  // proposal 1, ESP, SPI of 4, two transforms
    0xc0, 0xff, 0xee, 0x01,              // SPI
    3,    0,    0,    12,   1, 0, 0, 20, // ENCR_AES_GCM_16
    0x80, 14,   0,    128,               // 128 bits
    0,    0,    0,    8,    5, 0, 0, 0,  // SN, 32-bit sequential
    0,    0,    0,    28,   2, 3, 4, 2,  // proposal 2
    0xc0, 0xff, 0xee, 0x01,              // SPI
    3,    0,    0,    8,    1, 0, 0, 28, // ENCR_CHACHA20_POLY1305
    0,    0,    0,    8,    5, 0, 0, 1,  // SN, 64-bit
};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return security_association_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    security_association_write(out, in);
}

static const struct codec codec = {sizeof(struct security_association), read_body, write_body};

static void reads_every_field(void)
{
    static struct security_association association;
    const struct proposal *first = &association.proposals[0];
    const struct proposal *second = &association.proposals[1];
    struct wire_fault fault;

    ok(security_association_read(VIEW_OF(known), &association, &fault), "an SA is accepted");
    ok(association.proposal_count == 2, "two proposals");
    ok(first->number == 1 && first->protocol == IKE_PROTOCOL_ESP, "number and protocol");
    is_bytes(first->spi.data, first->spi.size, known + 8, 4, "the SPI");
    ok(first->transform_count == 2, "two transforms");
    ok(first->transforms[0].type == IKE_TRANSFORM_ENCR &&
           first->transforms[0].number == ENCR_AES_GCM_16 && first->transforms[0].key_bits == 128 &&
           !first->transforms[0].has_unknown_attribute,
       "AES-GCM with 128 bits");
    ok(first->transforms[1].type == IKE_TRANSFORM_SN && first->transforms[1].key_bits == 0,
       "sequence numbers without key length");
    ok(second->number == 2 && second->transforms[0].number == ENCR_CHACHA20_POLY1305,
       "the second proposal");
}

// Puts `value` at `offset` and expects a fault.
static void changed_is_rejected(size_t offset, uint8_t value, enum wire_fault_kind kind,
                                const char *what)
{
    uint8_t body[sizeof(known)];
    memcpy(body, known, sizeof(known));
    body[offset] = value;
    codec_rejects(&codec, VIEW_OF(body), kind, what);
}

static void last_marks_must_be_right(void)
{
    changed_is_rejected(FIRST_MARK, 0, WIRE_BAD_VALUE, "first proposal marked as last");
    changed_is_rejected(FIRST_MARK, 3, WIRE_BAD_VALUE, "first proposal marked as transform");
    changed_is_rejected(SECOND_MARK, 2, WIRE_BAD_VALUE, "last proposal marked as not last");
    changed_is_rejected(FIRST_TRANSFORM_MARK, 0, WIRE_BAD_VALUE, "first transform marked as last");
    changed_is_rejected(FIRST_TRANSFORM_MARK, 2, WIRE_BAD_VALUE, "transform marked as proposal");
    changed_is_rejected(LAST_TRANSFORM_MARK, 3, WIRE_BAD_VALUE,
                        "last transform marked as not last");
}

static void rejects_every_wrong_length_and_count(void)
{
    changed_is_rejected(FIRST_LENGTH, 0, WIRE_BAD_LENGTH, "proposal length 0");
    changed_is_rejected(FIRST_LENGTH, 3, WIRE_BAD_LENGTH, "proposal length 3");
    changed_is_rejected(FIRST_LENGTH, 4, WIRE_BAD_LENGTH, "proposal length 4");
    changed_is_rejected(FIRST_LENGTH, 31, WIRE_BAD_LENGTH, "proposal one byte too short");
    changed_is_rejected(FIRST_LENGTH, 33, WIRE_TRAILING_BYTES, "proposal one byte too long");
    changed_is_rejected(FIRST_LENGTH - 1, 0xff, WIRE_BAD_LENGTH, "proposal longer than the rest");
    changed_is_rejected(FIRST_COUNT, 0, WIRE_BAD_VALUE, "no transforms");
    changed_is_rejected(FIRST_COUNT, 1, WIRE_BAD_VALUE, "one transform promised, two there");
    changed_is_rejected(FIRST_COUNT, 3, WIRE_BAD_VALUE, "three transforms promised, two there");
    changed_is_rejected(FIRST_COUNT, 255, WIRE_TOO_MANY, "255 transforms promised");
    changed_is_rejected(FIRST_TRANSFORM_LENGTH, 0, WIRE_BAD_LENGTH, "transform length 0");
    changed_is_rejected(FIRST_TRANSFORM_LENGTH, 7, WIRE_BAD_LENGTH, "transform length 7");
    changed_is_rejected(FIRST_TRANSFORM_LENGTH, 11, WIRE_TRUNCATED, "attribute cut short");
    changed_is_rejected(FIRST_TRANSFORM_LENGTH, 255, WIRE_BAD_LENGTH, "transform length 255");
    changed_is_rejected(ATTRIBUTE_TYPE, 0, WIRE_BAD_LENGTH, "long attribute without its value");
}

static void spi_sizes_follow_the_protocol(void)
{
    static const uint8_t ike_rekey[] = {0, 0, 0, 24, 1, 1, 8, 1, 1, 2, 3, 4,
                                        5, 6, 7, 8,  0, 0, 0, 8, 2, 0, 0, 5};
    static const uint8_t ike_first[] = {0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 2, 0, 0, 5};
    static const uint8_t ike_four[] = {0, 0, 0, 20, 1, 1, 4, 1, 1, 2, 3, 4, 0, 0, 0, 8, 2, 0, 0, 5};
    static const uint8_t esp_none[] = {0, 0, 0, 16, 1, 3, 0, 1, 0, 0, 0, 8, 1, 0, 0, 28};

    codec_gives_same_bytes(&codec, VIEW_OF(ike_first), "IKE without SPI");
    codec_gives_same_bytes(&codec, VIEW_OF(ike_rekey), "IKE with an SPI of 8");
    codec_rejects(&codec, VIEW_OF(ike_four), WIRE_BAD_LENGTH, "IKE with an SPI of 4");
    codec_rejects(&codec, VIEW_OF(esp_none), WIRE_BAD_LENGTH, "ESP without SPI");
    changed_is_rejected(FIRST_SPI_SIZE, 5, WIRE_BAD_LENGTH, "ESP with an SPI of 5");
    changed_is_rejected(FIRST_SPI_SIZE, 255, WIRE_BAD_LENGTH, "ESP with an SPI of 255");
}

static void proposals_count_up_from_one(void)
{
    static const uint8_t answer[] = {0, 0, 0, 16, 7, 1, 0, 1, 0, 0, 0, 8, 2, 0, 0, 5};
    static const uint8_t zero[] = {0, 0, 0, 16, 0, 1, 0, 1, 0, 0, 0, 8, 2, 0, 0, 5};

    codec_gives_same_bytes(&codec, VIEW_OF(answer), "an answer may have number 7");
    codec_rejects(&codec, VIEW_OF(zero), WIRE_BAD_VALUE, "number 0");
    changed_is_rejected(FIRST_NUMBER, 2, WIRE_BAD_VALUE, "numbers 2, 2");
    changed_is_rejected(SECOND_NUMBER, 1, WIRE_BAD_VALUE, "numbers 1, 1");
    changed_is_rejected(SECOND_NUMBER, 3, WIRE_BAD_VALUE, "numbers 1, 3");
}

// One proposal with one transform that carries `attributes`.
static bool read_with_attributes(const uint8_t *attributes, size_t size,
                                 struct transform *out_transform)
{
    static struct security_association association;
    uint8_t body[64] = {0, 0, 0, (uint8_t)(16 + size), 1, 1, 0, 1,
                        0, 0, 0, (uint8_t)(8 + size),  1, 0, 0, 12};
    struct wire_fault fault;

    memcpy(body + 16, attributes, size);
    if (!security_association_read((struct byte_view){.data = body, .size = 16 + size},
                                   &association, &fault)) {
        return false;
    }
    *out_transform = association.proposals[0].transforms[0];
    return true;
}

static void unknown_attributes_are_skipped_and_remembered(void)
{
    static const uint8_t short_one[] = {0x80, 99, 1, 2, 0x80, 14, 1, 0};
    static const uint8_t long_one[] = {0x80, 14, 1, 0, 0, 99, 0, 3, 1, 2, 3};
    static const uint8_t long_key_length[] = {0, 14, 0, 2, 1, 0};
    static const uint8_t zero_key_length[] = {0x80, 14, 0, 0};
    static const uint8_t twice[] = {0x80, 14, 0, 128, 0x80, 14, 1, 0};
    struct transform transform = {0};

    ok(read_with_attributes(short_one, sizeof(short_one), &transform) &&
           transform.key_bits == 256 && transform.has_unknown_attribute,
       "a short unknown attribute");
    ok(read_with_attributes(long_one, sizeof(long_one), &transform) && transform.key_bits == 256 &&
           transform.has_unknown_attribute,
       "a long unknown attribute");
    ok(read_with_attributes(long_key_length, sizeof(long_key_length), &transform) &&
           transform.key_bits == 0 && transform.has_unknown_attribute,
       "a key length in the long form is unknown");
    ok(read_with_attributes(zero_key_length, sizeof(zero_key_length), &transform) &&
           transform.key_bits == 0 && transform.has_unknown_attribute,
       "a key length of 0 is unknown");
    ok(!read_with_attributes(twice, sizeof(twice), &transform), "two key lengths are rejected");
    for (size_t size = 1; size < sizeof(long_one); size++) {
        const bool is_whole = size == 4;
        ok(read_with_attributes(long_one, size, &transform) == is_whole,
           "attributes cut to %zu bytes", size);
    }
}

static void unknown_types_and_numbers_are_kept(void)
{
    static const uint8_t unknown[] = {0, 0, 0, 16, 9, 200, 0, 1, 0, 0, 0, 8, 241, 0, 0xff, 0xfe};
    codec_gives_same_bytes(&codec, VIEW_OF(unknown), "protocol 200, type 241, number 65534");
}

static void ignores_reserved_bytes(void)
{
    uint8_t body[sizeof(known)];
    uint8_t *buffer = codec_allocate(CODEC_MOST_WRITTEN);

    memcpy(body, known, sizeof(known));
    body[1] = body[13] = body[17] = body[25] = 0xff;
    const size_t size = codec_rewrite(&codec, VIEW_OF(body), buffer);
    is_bytes(buffer, size, known, sizeof(known), "RESERVED is ignored and written as zero");
    free(buffer);
}

static void takes_32_proposals_of_96_transforms_and_no_more(void)
{
    static struct security_association most = {.proposal_count = SA_MOST_PROPOSALS};
    uint8_t *body = codec_allocate(CODEC_MOST_WRITTEN);
    struct byte_writer out = writer_into(body, CODEC_MOST_WRITTEN);
    struct byte_view written = {0};

    for (size_t i = 0; i < SA_MOST_PROPOSALS; i++) {
        struct proposal *proposal = &most.proposals[i];
        *proposal = (struct proposal){.number = (uint8_t)(i + 1), .protocol = IKE_PROTOCOL_IKE};
        proposal->transform_count = SA_MOST_TRANSFORMS;
        for (size_t j = 0; j < SA_MOST_TRANSFORMS; j++) {
            proposal->transforms[j] =
                (struct transform){.type = IKE_TRANSFORM_ENCR, .number = 12, .key_bits = 256};
        }
    }
    security_association_write(&out, &most);
    ok(writer_finish(&out, &written), "the largest SA is written");
    codec_gives_same_bytes(&codec, written, "the largest SA");

    body[7] = SA_MOST_TRANSFORMS + 1;
    codec_rejects(&codec, written, WIRE_TOO_MANY, "97 transforms");
    out = writer_into(body, CODEC_MOST_WRITTEN);
    for (unsigned number = 1; number <= SA_MOST_PROPOSALS + 1; number++) {
        const uint8_t mark = number > SA_MOST_PROPOSALS ? 0 : 2;
        const uint8_t proposal[] = {mark, 0, 0, 16, (uint8_t)number, 1, 0, 1, 0, 0, 0, 8,
                                    2,    0, 0, 5};
        writer_put_bytes(&out, VIEW_OF(proposal));
    }
    ok(writer_finish(&out, &written), "33 proposals are written");
    codec_rejects(&codec, written, WIRE_TOO_MANY, "33 proposals");
    free(body);
}

int main(void)
{
    static const uint8_t trailing[] = {0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 2, 0, 0, 5, 0};

    reads_every_field();
    last_marks_must_be_right();
    rejects_every_wrong_length_and_count();
    spi_sizes_follow_the_protocol();
    proposals_count_up_from_one();
    unknown_attributes_are_skipped_and_remembered();
    unknown_types_and_numbers_are_kept();
    ignores_reserved_bytes();
    takes_32_proposals_of_96_transforms_and_no_more();
    codec_gives_same_bytes(&codec, VIEW_OF(known), "SA");
    codec_rejects_every_truncation(&codec, VIEW_OF(known), "SA");
    codec_rejects(&codec, (struct byte_view){0}, WIRE_TRUNCATED, "an empty SA");
    codec_rejects(&codec, VIEW_OF(trailing), WIRE_BAD_VALUE, "a byte behind the last proposal");
    codec_survives_every_byte(&codec, VIEW_OF(known), "SA");
    return done_testing();
}
