#include "refgw/wire/nonce.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t bytes[NONCE_MOST_SIZE + 1] = {1, 2, 3};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return nonce_read(body, out, out_fault);
}

static const struct codec codec = {sizeof(struct byte_view), read_body, NULL};

//= rfc7296#section-3.9
//= type=test
//# The size of the Nonce Data MUST be between 16 and 256 octets,
//# inclusive.
static void accepts_16_to_256_bytes(void)
{
    size_t wrong = 0;
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        struct wire_fault fault = {0};
        const bool accepted =
            codec_accepts(&codec, (struct byte_view){.data = bytes, .size = size}, &fault);
        wrong += accepted != (size >= 16 && size <= 256);
        wrong += !accepted && fault.kind != WIRE_BAD_LENGTH;
    }
    ok(wrong == 0, "exactly 16 to 256 bytes are accepted");
}

static void the_body_is_the_nonce(void)
{
    struct byte_view nonce = {0};
    struct wire_fault fault;
    ok(nonce_read((struct byte_view){.data = bytes, .size = 32}, &nonce, &fault), "32 bytes");
    ok(nonce.data == bytes && nonce.size == 32, "the view is the body");
}

int main(void)
{
    accepts_16_to_256_bytes();
    the_body_is_the_nonce();
    return done_testing();
}
