#include "refgw/wire/authentication.h"

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Auth Method   |                RESERVED                       |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                      Authentication Data                      ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum { RESERVED_SIZE = 3 };

bool authentication_read(struct byte_view body, struct authentication *out_authentication,
                         struct wire_fault *out_fault)
{
    struct authentication authentication = {0};
    struct byte_reader in = reader_over(body);
    struct byte_view reserved;

    if (!reader_take_u8(&in, &authentication.method) ||
        !reader_take_bytes(&in, RESERVED_SIZE, &reserved)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc7296#section-3.8");
    }
    authentication.data = reader_take_rest(&in);
    *out_authentication = authentication;
    return true;
}

void authentication_write(struct byte_writer *out, const struct authentication *authentication)
{
    writer_put_u8(out, authentication->method);
    writer_put_zeros(out, RESERVED_SIZE);
    writer_put_bytes(out, authentication->data);
}
