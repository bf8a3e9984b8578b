#include "refgw/wire/key_exchange.h"

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |   Key Exchange Method Num     |           RESERVED            |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                       Key Exchange Data                       ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

// The size of the data is judged by whoever knows the method.
bool key_exchange_read(struct byte_view body, struct key_exchange *out_exchange,
                       struct wire_fault *out_fault)
{
    struct key_exchange exchange = {0};
    struct byte_reader in = reader_over(body);
    uint16_t reserved;

    if (!reader_take_u16(&in, &exchange.method) || !reader_take_u16(&in, &reserved) ||
        in.left == 0) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc7296#section-3.4");
    }
    exchange.data = reader_take_rest(&in);
    *out_exchange = exchange;
    return true;
}

void key_exchange_write(struct byte_writer *out, const struct key_exchange *exchange)
{
    writer_put_u16(out, exchange->method);
    writer_put_u16(out, 0);
    writer_put_bytes(out, exchange->data);
}
