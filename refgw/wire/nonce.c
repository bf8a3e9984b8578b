#include "refgw/wire/nonce.h"

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                            Nonce Data                         ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

bool nonce_read(struct byte_view body, struct byte_view *out_nonce, struct wire_fault *out_fault)
{
    //= rfc7296#section-3.9
    //# The size of the Nonce Data MUST be between 16 and 256 octets,
    //# inclusive.
    if (body.size < NONCE_LEAST_SIZE || body.size > NONCE_MOST_SIZE) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, "rfc7296#section-3.9");
    }
    *out_nonce = body;
    return true;
}
