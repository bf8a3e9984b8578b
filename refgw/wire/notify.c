#include "refgw/wire/notify.h"

#include <assert.h>

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |  Protocol ID  |   SPI Size    |      Notify Message Type      |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                Security Parameter Index (SPI)                 ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                       Notification Data                       ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

bool notify_read(struct byte_view body, struct notify *out_notify, struct wire_fault *out_fault)
{
    struct notify notify = {0};
    struct byte_reader in = reader_over(body);
    uint8_t spi_size;

    if (!reader_take_u8(&in, &notify.protocol) || !reader_take_u8(&in, &spi_size) ||
        !reader_take_u16(&in, &notify.type)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc7296#section-3.10");
    }
    if ((spi_size != 0 && spi_size != 4 && spi_size != 8) ||
        !reader_take_bytes(&in, spi_size, &notify.spi)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, "rfc7296#section-3.10");
    }
    notify.data = reader_take_rest(&in);
    *out_notify = notify;
    return true;
}

void notify_write(struct byte_writer *out, const struct notify *notify)
{
    assert(notify->spi.size <= UINT8_MAX);
    writer_put_u8(out, notify->protocol);
    writer_put_u8(out, (uint8_t)notify->spi.size);
    writer_put_u16(out, notify->type);
    writer_put_bytes(out, notify->spi);
    writer_put_bytes(out, notify->data);
}

bool notify_is_error(const struct notify *notify)
{
    return notify->type <= NOTIFY_LAST_ERROR;
}
