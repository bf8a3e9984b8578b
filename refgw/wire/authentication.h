// authentication.h - the AUTH payload (RFC 7296, section 3.8).
#ifndef REFGW_WIRE_AUTHENTICATION_H
#define REFGW_WIRE_AUTHENTICATION_H

#include "refgw/wire/wire_fault.h"

struct authentication {
    uint8_t method; // enum authentication_method
    struct byte_view data;
};

MUST_USE bool authentication_read(struct byte_view body, struct authentication *out_authentication,
                                  struct wire_fault *out_fault);
void authentication_write(struct byte_writer *out, const struct authentication *authentication);

#endif
