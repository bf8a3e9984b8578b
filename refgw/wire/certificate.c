#include "refgw/wire/certificate.h"

//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// | Cert Encoding |                                               |
// +-+-+-+-+-+-+-+-+                                               |
// ~             Certificate Data or Certification Authority       ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

bool certificate_read(struct byte_view body, struct certificate *out_certificate,
                      struct wire_fault *out_fault)
{
    struct certificate certificate = {0};
    struct byte_reader in = reader_over(body);

    if (!reader_take_u8(&in, &certificate.encoding)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, "rfc7296#section-3.6");
    }
    certificate.data = reader_take_rest(&in);
    *out_certificate = certificate;
    return true;
}

void certificate_write(struct byte_writer *out, const struct certificate *certificate)
{
    writer_put_u8(out, certificate->encoding);
    writer_put_bytes(out, certificate->data);
}
