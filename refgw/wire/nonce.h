// nonce.h - the Nonce payload (RFC 7296, section 3.9).
#ifndef REFGW_WIRE_NONCE_H
#define REFGW_WIRE_NONCE_H

#include "refgw/wire/wire_fault.h"

enum { NONCE_LEAST_SIZE = 16, NONCE_MOST_SIZE = 256 };

// The body is the nonce; only its size is checked.
MUST_USE bool nonce_read(struct byte_view body, struct byte_view *out_nonce,
                         struct wire_fault *out_fault);

#endif
