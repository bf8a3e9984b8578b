#include "refgw/wire/authentication.h"
#include "refgw/iana/ikev2_numbers.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t known[] = {2, 0, 0, 0, 0x01, 0x02, 0x03, 0x04};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return authentication_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    authentication_write(out, in);
}

static const struct codec codec = {sizeof(struct authentication), read_body, write_body};

static void reads_method_and_data(void)
{
    struct authentication authentication = {0};
    struct wire_fault fault;

    ok(authentication_read(VIEW_OF(known), &authentication, &fault), "an AUTH body is accepted");
    ok(authentication.method == AUTH_METHOD_SHARED_KEY, "the method");
    is_bytes(authentication.data.data, authentication.data.size, known + 4, 4, "the data");
}

int main(void)
{
    reads_method_and_data();
    codec_gives_same_bytes(&codec, VIEW_OF(known), "AUTH");
    codec_needs_at_least(&codec, VIEW_OF(known), 4, "AUTH");
    codec_rejects(&codec, (struct byte_view){.data = known, .size = 3}, WIRE_TRUNCATED,
                  "AUTH of three bytes");
    codec_survives_every_byte(&codec, VIEW_OF(known), "AUTH");
    return done_testing();
}
