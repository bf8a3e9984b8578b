#include "refgw/wire/key_exchange.h"
#include "refgw/iana/ikev2_numbers.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t known[] = {0x00, 0x1f, 0x00, 0x00, 0xde, 0xad, 0xbe, 0xef};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return key_exchange_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    key_exchange_write(out, in);
}

static const struct codec codec = {sizeof(struct key_exchange), read_body, write_body};

static void reads_method_and_data(void)
{
    struct key_exchange exchange = {0};
    struct wire_fault fault;

    ok(key_exchange_read(VIEW_OF(known), &exchange, &fault), "a KE body is accepted");
    ok(exchange.method == KE_CURVE25519, "the method");
    is_bytes(exchange.data.data, exchange.data.size, known + 4, 4, "the data");
}

static void ignores_reserved_bytes(void)
{
    static const uint8_t reserved_set[] = {0x00, 0x1f, 0xff, 0xff, 0xde, 0xad, 0xbe, 0xef};
    uint8_t *buffer = codec_allocate(CODEC_MOST_WRITTEN);
    const size_t size = codec_rewrite(&codec, VIEW_OF(reserved_set), buffer);
    is_bytes(buffer, size, known, sizeof(known), "RESERVED is ignored and written as zero");
    free(buffer);
}

int main(void)
{
    reads_method_and_data();
    ignores_reserved_bytes();
    codec_gives_same_bytes(&codec, VIEW_OF(known), "KE");
    codec_needs_at_least(&codec, VIEW_OF(known), 5, "KE");
    codec_rejects(&codec, (struct byte_view){.data = known, .size = 4}, WIRE_TRUNCATED,
                  "KE without data");
    codec_survives_every_byte(&codec, VIEW_OF(known), "KE");
    return done_testing();
}
