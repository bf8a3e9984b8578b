#include "refgw/wire/eap.h"

#include <assert.h>

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |     Code      | Identifier    |           Length              |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |     Type      | Type_Data...
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum { EAP_HEADER_SIZE = 4 };

static const char section[] = "rfc7296#section-3.16";

static bool has_type(uint8_t code)
{
    return code == EAP_REQUEST || code == EAP_RESPONSE;
}

bool eap_read(struct byte_view body, struct eap *out_eap, struct wire_fault *out_fault)
{
    struct eap eap = {0};
    struct byte_reader in = reader_over(body);
    uint16_t length;

    if (!reader_take_u8(&in, &eap.code) || !reader_take_u8(&in, &eap.identifier) ||
        !reader_take_u16(&in, &length)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, section);
    }
    if (eap.code < EAP_REQUEST || eap.code > EAP_FAILURE) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, section);
    }
    if (length != body.size || (!has_type(eap.code) && in.left != 0)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, section);
    }
    if (has_type(eap.code) && !reader_take_u8(&in, &eap.type)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, section);
    }
    eap.data = reader_take_rest(&in);
    *out_eap = eap;
    return true;
}

void eap_write(struct byte_writer *out, const struct eap *eap)
{
    const size_t size = EAP_HEADER_SIZE + (has_type(eap->code) ? 1 + eap->data.size : 0);

    assert(size <= UINT16_MAX);
    writer_put_u8(out, eap->code);
    writer_put_u8(out, eap->identifier);
    writer_put_u16(out, (uint16_t)size);
    if (has_type(eap->code)) {
        writer_put_u8(out, eap->type);
        writer_put_bytes(out, eap->data);
    }
}
