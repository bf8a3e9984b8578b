#include "refgw/wire/delete.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t esp[] = {3, 4, 0, 2, 0xc0, 0xff, 0xee, 0x01, 0xde, 0xad, 0xbe, 0x02};
static const uint8_t ike[] = {1, 0, 0, 0};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return delete_payload_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    delete_payload_write(out, in);
}

static const struct codec codec = {sizeof(struct delete_payload), read_body, write_body};

static void reads_the_spis(void)
{
    struct delete_payload payload = {0};
    struct wire_fault fault;

    ok(delete_payload_read(VIEW_OF(esp), &payload, &fault), "Delete for ESP is accepted");
    ok(payload.protocol == IKE_PROTOCOL_ESP && payload.spi_count == 2, "protocol and count");
    ok(delete_payload_spi(&payload, 0) == 0xc0ffee01, "the first SPI");
    ok(delete_payload_spi(&payload, 1) == 0xdeadbe02, "the second SPI");
    ok(delete_payload_read(VIEW_OF(ike), &payload, &fault) && payload.spi_count == 0 &&
           payload.protocol == IKE_PROTOCOL_IKE,
       "Delete for IKE has no SPI");
}

static void rejects_every_wrong_length(void)
{
    static const uint8_t longer[] = {3, 4, 0, 1, 1, 2, 3, 4, 5};
    static const uint8_t no_spi_size[] = {3, 0, 0, 0};
    static const uint8_t ike_with_count[] = {1, 0, 0, 1};
    static const uint8_t ike_with_size[] = {1, 8, 0, 0};
    static const uint8_t ike_with_spi[] = {1, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t ike_with_bytes[] = {1, 0, 0, 0, 0};
    static const uint8_t most[] = {3, 4, 0xff, 0xff, 1, 2, 3, 4};

    codec_rejects(&codec, VIEW_OF(longer), WIRE_BAD_LENGTH, "a byte behind the last SPI");
    codec_rejects(&codec, VIEW_OF(no_spi_size), WIRE_BAD_LENGTH, "ESP with SPI size 0");
    codec_rejects(&codec, VIEW_OF(ike_with_count), WIRE_BAD_LENGTH, "IKE with an SPI count");
    codec_rejects(&codec, VIEW_OF(ike_with_size), WIRE_BAD_LENGTH, "IKE with an SPI size");
    codec_rejects(&codec, VIEW_OF(ike_with_spi), WIRE_BAD_LENGTH, "IKE with an SPI");
    codec_rejects(&codec, VIEW_OF(ike_with_bytes), WIRE_BAD_LENGTH, "IKE with bytes behind");
    codec_rejects(&codec, VIEW_OF(most), WIRE_BAD_LENGTH, "65535 SPIs promised");
}

static void rejects_unknown_protocols(void)
{
    static const uint8_t none[] = {0, 0, 0, 0};
    static const uint8_t unknown[] = {4, 4, 0, 1, 1, 2, 3, 4};

    codec_rejects(&codec, VIEW_OF(none), WIRE_BAD_VALUE, "protocol 0");
    codec_rejects(&codec, VIEW_OF(unknown), WIRE_BAD_VALUE, "protocol 4");
}

static void takes_as_many_spis_as_a_payload_holds(void)
{
    enum { COUNT = (65535 - 4 - 4) / 4 };
    uint8_t *body = codec_allocate(4 + COUNT * 4);
    memcpy(body, (const uint8_t[]){3, 4, COUNT >> 8, COUNT & 0xff}, 4);
    codec_gives_same_bytes(&codec, (struct byte_view){.data = body, .size = 4 + COUNT * 4},
                           "16381 SPIs");
    free(body);
}

int main(void)
{
    reads_the_spis();
    rejects_every_wrong_length();
    rejects_unknown_protocols();
    takes_as_many_spis_as_a_payload_holds();
    codec_gives_same_bytes(&codec, VIEW_OF(esp), "D(ESP)");
    codec_gives_same_bytes(&codec, VIEW_OF(ike), "D(IKE)");
    codec_rejects_every_truncation(&codec, VIEW_OF(esp), "D(ESP)");
    codec_rejects_every_truncation(&codec, VIEW_OF(ike), "D(IKE)");
    codec_survives_every_byte(&codec, VIEW_OF(esp), "D(ESP)");
    return done_testing();
}
