// key_exchange.h - the KE payload (RFC 7296, section 3.4).
#ifndef REFGW_WIRE_KEY_EXCHANGE_H
#define REFGW_WIRE_KEY_EXCHANGE_H

#include "refgw/wire/wire_fault.h"

struct key_exchange {
    uint16_t method; // enum key_exchange_method
    struct byte_view data;
};

MUST_USE bool key_exchange_read(struct byte_view body, struct key_exchange *out_exchange,
                                struct wire_fault *out_fault);
void key_exchange_write(struct byte_writer *out, const struct key_exchange *exchange);

#endif
