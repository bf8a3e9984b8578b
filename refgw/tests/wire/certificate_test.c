#include "refgw/wire/certificate.h"
#include "refgw/tests/wire/codec_check.h"

enum { X509_SIGNATURE = 4 };

static const uint8_t known[] = {X509_SIGNATURE, 0x30, 0x03, 0x02, 0x01, 0x00};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return certificate_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    certificate_write(out, in);
}

static const struct codec codec = {sizeof(struct certificate), read_body, write_body};

static void reads_encoding_and_data(void)
{
    struct certificate certificate = {0};
    struct wire_fault fault;

    ok(certificate_read(VIEW_OF(known), &certificate, &fault), "a CERT body is accepted");
    ok(certificate.encoding == X509_SIGNATURE, "the encoding");
    is_bytes(certificate.data.data, certificate.data.size, known + 1, 5, "the data");
}

int main(void)
{
    reads_encoding_and_data();
    codec_gives_same_bytes(&codec, VIEW_OF(known), "CERT");
    codec_needs_at_least(&codec, VIEW_OF(known), 1, "CERT");
    codec_survives_every_byte(&codec, VIEW_OF(known), "CERT");
    return done_testing();
}
