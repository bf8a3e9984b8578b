// notify.h - the Notify payload (RFC 7296, section 3.10).
#ifndef REFGW_WIRE_NOTIFY_H
#define REFGW_WIRE_NOTIFY_H

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/wire/wire_fault.h"

struct notify {
    uint8_t protocol;     // 0 when it concerns no SA or the one it travels in
    uint16_t type;        // enum notify_type
    struct byte_view spi; // empty, 4 or 8 bytes
    struct byte_view data;
};

MUST_USE bool notify_read(struct byte_view body, struct notify *out_notify,
                          struct wire_fault *out_fault);
void notify_write(struct byte_writer *out, const struct notify *notify);
MUST_USE bool notify_is_error(const struct notify *notify);

#endif
