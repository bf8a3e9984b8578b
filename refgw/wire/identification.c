#include "refgw/wire/identification.h"

#include "refgw/iana/ikev2_numbers.h"

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |   ID Type     |                 RESERVED                      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                   Identification Data                         ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum { RESERVED_SIZE = 3 };

static bool is_size_right(uint8_t type, size_t size)
{
    switch (type) {
    case ID_IPV4_ADDR:
        return size == 4;
    case ID_IPV6_ADDR:
        return size == 16;
    default:
        return true;
    }
}

bool identification_read(struct byte_view body, struct identification *out_identification,
                         struct wire_fault *out_fault)
{
    struct identification identification = {0};
    struct byte_reader in = reader_over(body);
    struct byte_view reserved;

    if (!reader_take_u8(&in, &identification.type) ||
        !reader_take_bytes(&in, RESERVED_SIZE, &reserved)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc7296#section-3.5");
    }
    identification.data = reader_take_rest(&in);
    if (!is_size_right(identification.type, identification.data.size)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, "rfc7296#section-3.5");
    }
    *out_identification = identification;
    return true;
}

void identification_write(struct byte_writer *out, const struct identification *identification)
{
    writer_put_u8(out, identification->type);
    writer_put_zeros(out, RESERVED_SIZE);
    writer_put_bytes(out, identification->data);
}
