#include "refgw/wire/security_association.h"

#include <assert.h>

// Proposal:
//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Last Substruc |   RESERVED    |         Proposal Length       |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                        SPI (variable)                         ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                        <Transforms>                           ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Transform:
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Last Substruc |   RESERVED    |        Transform Length       |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |Transform Type |   RESERVED    |          Transform ID         |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                      Transform Attributes                     ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum {
    LAST = 0,
    MORE_PROPOSALS = 2,
    MORE_TRANSFORMS = 3,

    TRANSFORM_HEADER_SIZE = 8,
    ATTRIBUTE_IS_SHORT = 0x8000, // type and value, no length
};

static const char proposal_section[] = "rfc7296#section-3.3.1";
static const char transform_section[] = "rfc7296#section-3.3.2";
static const char attribute_section[] = "rfc7296#section-3.3.5";

// What both substructures start with. Takes the whole substructure as `out_part`, positioned
// behind these four bytes.
static bool take_substructure(struct byte_reader *in, uint8_t *out_mark,
                              struct byte_reader *out_part, const char *section,
                              struct wire_fault *out_fault)
{
    enum { COMMON_SIZE = 4 };
    uint8_t reserved;
    uint16_t length;

    if (!reader_take_u8(in, out_mark) || !reader_take_u8(in, &reserved) ||
        !reader_take_u16(in, &length)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, section);
    }
    if (length < COMMON_SIZE || !reader_take_part(in, length - (size_t)COMMON_SIZE, out_part)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, section);
    }
    return true;
}

// The mark must be 0 exactly for the last substructure and `more` for the others.
static bool check_mark(uint8_t mark, uint8_t more, bool is_last, const char *section,
                       struct wire_fault *out_fault)
{
    if (mark != (is_last ? LAST : more)) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, section);
    }
    return true;
}

static bool take_attribute(struct byte_reader *in, struct transform *transform,
                           struct wire_fault *out_fault)
{
    uint16_t type;
    uint16_t value; // of a short attribute; else the length of what follows
    struct byte_view skipped;

    if (!reader_take_u16(in, &type) || !reader_take_u16(in, &value)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, attribute_section);
    }
    if ((type & ATTRIBUTE_IS_SHORT) == 0 && !reader_take_bytes(in, value, &skipped)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, attribute_section);
    }
    if (type != (ATTRIBUTE_IS_SHORT | IKE_ATTRIBUTE_KEY_LENGTH) || value == 0) {
        transform->has_unknown_attribute = true;
        return true;
    }
    if (transform->key_bits != 0) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, attribute_section);
    }
    transform->key_bits = value;
    return true;
}

static bool take_transform(struct byte_reader *in, bool is_last, struct transform *transform,
                           struct wire_fault *out_fault)
{
    struct byte_reader part;
    uint8_t mark;
    uint8_t reserved;

    if (!take_substructure(in, &mark, &part, transform_section, out_fault) ||
        !check_mark(mark, MORE_TRANSFORMS, is_last, transform_section, out_fault)) {
        return false;
    }
    if (!reader_take_u8(&part, &transform->type) || !reader_take_u8(&part, &reserved) ||
        !reader_take_u16(&part, &transform->number)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, transform_section);
    }
    while (part.left > 0) {
        if (!take_attribute(&part, transform, out_fault)) {
            return false;
        }
    }
    return true;
}

// An IKE SA's first negotiation has no SPI; it stands in the message header.
static bool is_spi_size_right(uint8_t protocol, uint8_t size)
{
    switch (protocol) {
    case IKE_PROTOCOL_IKE:
        return size == 0 || size == 8;
    case IKE_PROTOCOL_AH:
    case IKE_PROTOCOL_ESP:
        return size == 4;
    default:
        return size == 0 || size == 4 || size == 8;
    }
}

static bool take_transforms(struct byte_reader *in, size_t count, struct proposal *proposal,
                            struct wire_fault *out_fault)
{
    if (count == 0) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, proposal_section);
    }
    if (count > SA_MOST_TRANSFORMS) {
        return wire_reject(out_fault, WIRE_TOO_MANY, proposal_section);
    }
    for (size_t i = 0; i < count; i++) {
        if (!take_transform(in, i + 1 == count, &proposal->transforms[i], out_fault)) {
            return false;
        }
    }
    proposal->transform_count = count;
    if (in->left != 0) {
        return wire_reject(out_fault, WIRE_TRAILING_BYTES, proposal_section);
    }
    return true;
}

static bool take_proposal(struct byte_reader *in, struct proposal *proposal,
                          struct wire_fault *out_fault)
{
    struct byte_reader part;
    uint8_t mark;
    uint8_t spi_size;
    uint8_t transform_count;

    if (!take_substructure(in, &mark, &part, proposal_section, out_fault) ||
        !check_mark(mark, MORE_PROPOSALS, in->left == 0, proposal_section, out_fault)) {
        return false;
    }
    if (!reader_take_u8(&part, &proposal->number) || !reader_take_u8(&part, &proposal->protocol) ||
        !reader_take_u8(&part, &spi_size) || !reader_take_u8(&part, &transform_count) ||
        !is_spi_size_right(proposal->protocol, spi_size) ||
        !reader_take_bytes(&part, spi_size, &proposal->spi)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, proposal_section);
    }
    return take_transforms(&part, transform_count, proposal, out_fault);
}

//= rfc7296#section-3.3.1
//# When a proposal is made, the first
//# proposal in an SA payload MUST be 1, and subsequent proposals MUST
//# be one more than the previous proposal (indicating an OR of the
//# two proposals).  When a proposal is accepted, the proposal number
//# in the SA payload MUST match the number on the proposal sent that
//# was accepted.
// So a single proposal may be an answer and have any number but zero.
static bool are_numbers_right(const struct security_association *association)
{
    if (association->proposal_count == 1) {
        return association->proposals[0].number != 0;
    }
    for (size_t i = 0; i < association->proposal_count; i++) {
        if (association->proposals[i].number != i + 1) {
            return false;
        }
    }
    return true;
}

bool security_association_read(struct byte_view body, struct security_association *out_association,
                               struct wire_fault *out_fault)
{
    struct security_association association = {0};
    struct byte_reader in = reader_over(body);

    do {
        if (association.proposal_count == SA_MOST_PROPOSALS) {
            return wire_reject(out_fault, WIRE_TOO_MANY, proposal_section);
        }
        if (!take_proposal(&in, &association.proposals[association.proposal_count], out_fault)) {
            return false;
        }
        association.proposal_count++;
    } while (in.left > 0);

    if (!are_numbers_right(&association)) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, proposal_section);
    }
    *out_association = association;
    return true;
}

static void put_transform(struct byte_writer *out, const struct transform *transform, bool is_last)
{
    const bool has_key_length = transform->key_bits != 0;

    writer_put_u8(out, is_last ? LAST : MORE_TRANSFORMS);
    writer_put_u8(out, 0);
    writer_put_u16(out, has_key_length ? TRANSFORM_HEADER_SIZE + 4 : TRANSFORM_HEADER_SIZE);
    writer_put_u8(out, transform->type);
    writer_put_u8(out, 0);
    writer_put_u16(out, transform->number);
    if (has_key_length) {
        writer_put_u16(out, ATTRIBUTE_IS_SHORT | IKE_ATTRIBUTE_KEY_LENGTH);
        writer_put_u16(out, transform->key_bits);
    }
}

static void put_proposal(struct byte_writer *out, const struct proposal *proposal, bool is_last)
{
    const size_t start = out->used;

    assert(proposal->transform_count <= SA_MOST_TRANSFORMS && proposal->spi.size <= 8);
    writer_put_u8(out, is_last ? LAST : MORE_PROPOSALS);
    writer_put_u8(out, 0);
    writer_put_u16(out, 0);
    writer_put_u8(out, proposal->number);
    writer_put_u8(out, proposal->protocol);
    writer_put_u8(out, (uint8_t)proposal->spi.size);
    writer_put_u8(out, (uint8_t)proposal->transform_count);
    writer_put_bytes(out, proposal->spi);
    for (size_t i = 0; i < proposal->transform_count; i++) {
        put_transform(out, &proposal->transforms[i], i + 1 == proposal->transform_count);
    }
    writer_fill_u16(out, start + 2, (uint16_t)(out->used - start));
}

void security_association_write(struct byte_writer *out,
                                const struct security_association *association)
{
    assert(association->proposal_count <= SA_MOST_PROPOSALS);
    for (size_t i = 0; i < association->proposal_count; i++) {
        put_proposal(out, &association->proposals[i], i + 1 == association->proposal_count);
    }
}
