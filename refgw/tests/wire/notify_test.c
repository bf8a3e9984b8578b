#include "refgw/wire/notify.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t rekey[] = {3, 4, 0x40, 0x09, 0xc0, 0xff, 0xee, 0x01};
static const uint8_t cookie[] = {0, 0, 0x40, 0x06, 1, 2, 3, 4, 5};
static const uint8_t ike_spi[] = {1, 8, 0x00, 0x04, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return notify_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    notify_write(out, in);
}

static const struct codec codec = {sizeof(struct notify), read_body, write_body};

static void reads_every_field(void)
{
    struct notify notify = {0};
    struct wire_fault fault;

    ok(notify_read(VIEW_OF(rekey), &notify, &fault), "REKEY_SA is accepted");
    ok(notify.protocol == IKE_PROTOCOL_ESP && notify.type == NOTIFY_REKEY_SA, "protocol and type");
    is_bytes(notify.spi.data, notify.spi.size, rekey + 4, 4, "the SPI");
    ok(notify.data.size == 0, "no data");
    ok(notify_read(VIEW_OF(cookie), &notify, &fault) && notify.spi.size == 0, "COOKIE: no SPI");
    is_bytes(notify.data.data, notify.data.size, cookie + 4, 5, "the cookie");
    ok(notify_read(VIEW_OF(ike_spi), &notify, &fault) && notify.spi.size == 8 &&
           notify.data.size == 1,
       "an SPI of 8 bytes");
}

static void errors_end_at_16383(void)
{
    ok(notify_is_error(&(struct notify){.type = NOTIFY_NO_PROPOSAL_CHOSEN}), "14 is an error");
    ok(notify_is_error(&(struct notify){.type = 16383}), "16383 is an error");
    ok(!notify_is_error(&(struct notify){.type = 16384}), "16384 is a status");
    ok(!notify_is_error(&(struct notify){.type = 65535}), "65535 is a status");
}

static void the_spi_must_fit(void)
{
    size_t wrong = 0;
    uint8_t body[12] = {3, 0, 0x40, 0x09};
    for (unsigned size = 0; size <= UINT8_MAX; size++) {
        struct wire_fault fault = {0};
        body[1] = (uint8_t)size;
        const bool accepted = codec_accepts(&codec, VIEW_OF(body), &fault);
        wrong += accepted != (size == 0 || size == 4 || size == 8);
        wrong += !accepted && fault.kind != WIRE_BAD_LENGTH;
    }
    ok(wrong == 0, "SPI sizes 0, 4 and 8 are accepted, no other");
    codec_rejects(&codec, (struct byte_view){.data = rekey, .size = 7}, WIRE_BAD_LENGTH,
                  "an SPI cut short");
}

int main(void)
{
    reads_every_field();
    errors_end_at_16383();
    the_spi_must_fit();
    codec_gives_same_bytes(&codec, VIEW_OF(rekey), "REKEY_SA");
    codec_gives_same_bytes(&codec, VIEW_OF(cookie), "COOKIE");
    codec_gives_same_bytes(&codec, VIEW_OF(ike_spi), "INVALID_IKE_SPI");
    codec_rejects_every_truncation(&codec, VIEW_OF(rekey), "REKEY_SA");
    codec_needs_at_least(&codec, VIEW_OF(cookie), 4, "COOKIE");
    codec_survives_every_byte(&codec, VIEW_OF(ike_spi), "INVALID_IKE_SPI");
    return done_testing();
}
