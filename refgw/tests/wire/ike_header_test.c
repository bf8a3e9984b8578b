#include "refgw/wire/ike_header.h"
#include "refgw/iana/ikev2_numbers.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t known[] = {
    0xc1, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x08, // initiator's SPI
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, // responder's SPI
    0x2e, 0x21, 0x24, 0x28,                         // SK, 2.1, CREATE_CHILD_SA, I and R
    0x00, 0x00, 0x01, 0x02,                         // message ID
    0x00, 0x01, 0x00, 0x1c,                         // length
};

static bool read_header(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    struct byte_reader in = reader_over(body);
    return ike_header_read(&in, out, out_fault);
}

static void write_header(struct byte_writer *out, const void *in)
{
    ike_header_write(out, in);
}

static const struct codec header_codec = {sizeof(struct ike_header), read_header, write_header};

static void reads_every_field(void)
{
    struct byte_reader in = reader_over(VIEW_OF(known));
    struct ike_header header = {0};
    struct wire_fault fault;

    ok(ike_header_read(&in, &header, &fault) && in.left == 0, "28 bytes are a header");
    ok(header.initiator_spi == 0xc1a2b3c4d5e6f708U, "initiator's SPI");
    ok(header.responder_spi == 0x0011223344556677U, "responder's SPI");
    ok(header.first_payload == IKE_PAYLOAD_SK, "first payload");
    ok(header.major_version == 2 && header.minor_version == 1, "version 2.1");
    ok(header.exchange_type == IKE_EXCHANGE_CREATE_CHILD_SA, "exchange type");
    ok(header.message_id == 0x0102 && header.length == 0x0001001c, "message ID and length");
    ok(ike_header_is_response(&header), "the response flag");
    ok(ike_header_is_from_initiator(&header), "the initiator flag");
    header.flags = IKE_FLAG_VERSION;
    ok(!ike_header_is_response(&header) && !ike_header_is_from_initiator(&header),
       "the version flag is neither");
}

static void leaves_the_reader_alone_when_it_rejects(void)
{
    struct byte_reader in = {.next = known, .left = sizeof(known) - 1};
    struct ike_header header;
    struct wire_fault fault;

    ok(!ike_header_read(&in, &header, &fault) && in.next == known && in.left == sizeof(known) - 1,
       "nothing was taken");
}

int main(void)
{
    reads_every_field();
    leaves_the_reader_alone_when_it_rejects();
    codec_gives_same_bytes(&header_codec, VIEW_OF(known), "header");
    codec_rejects_every_truncation(&header_codec, VIEW_OF(known), "header");
    codec_survives_every_byte(&header_codec, VIEW_OF(known), "header");
    return done_testing();
}
