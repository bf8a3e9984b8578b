#include "refgw/wire/configuration.h"
#include "refgw/tests/wire/codec_check.h"

enum { INTERNAL_IP4_ADDRESS = 1, INTERNAL_IP4_DNS = 3 };

static const uint8_t known[] = {
    CP_REPLY, 0, 0, 0,              //
    0,        1, 0, 4, 10, 1, 0, 2, // INTERNAL_IP4_ADDRESS 10.1.0.2
    0,        3, 0, 0,              // INTERNAL_IP4_DNS, empty
};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return configuration_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    configuration_write(out, in);
}

static const struct codec codec = {sizeof(struct configuration), read_body, write_body};

static void reads_every_field(void)
{
    struct configuration configuration = {0};
    struct wire_fault fault;

    ok(configuration_read(VIEW_OF(known), &configuration, &fault), "a CP body is accepted");
    ok(configuration.type == CP_REPLY && configuration.count == 2, "a reply with two attributes");
    ok(configuration.attributes[0].type == INTERNAL_IP4_ADDRESS, "an address");
    is_bytes(configuration.attributes[0].value.data, configuration.attributes[0].value.size,
             known + 8, 4, "its value");
    ok(configuration.attributes[1].type == INTERNAL_IP4_DNS &&
           configuration.attributes[1].value.size == 0,
       "an empty attribute");
}

static void ignores_the_reserved_bit(void)
{
    static const uint8_t with_bit[] = {CP_REQUEST, 0, 0, 0, 0x80, 1, 0, 0};
    struct configuration configuration = {0};
    struct wire_fault fault;

    ok(configuration_read(VIEW_OF(with_bit), &configuration, &fault) &&
           configuration.attributes[0].type == INTERNAL_IP4_ADDRESS,
       "the R bit is not part of the type");
}

// Between two attributes a shorter payload is complete as well.
static void rejects_truncations_inside_an_attribute(void)
{
    size_t wrong = 0;
    for (size_t size = 0; size <= sizeof(known); size++) {
        struct wire_fault fault;
        const struct byte_view cut = {.data = known, .size = size};
        const bool is_whole = size == 4 || size == 12 || size == 16;
        wrong += codec_accepts(&codec, cut, &fault) != is_whole;
    }
    ok(wrong == 0, "CP: cut anywhere but between attributes is rejected");
}

static void takes_64_attributes_and_no_more(void)
{
    uint8_t body[4 + 4 * (CP_MOST_ATTRIBUTES + 1)] = {CP_REQUEST};
    codec_gives_same_bytes(&codec, (struct byte_view){.data = body, .size = sizeof(body) - 4},
                           "64 attributes");
    codec_rejects(&codec, VIEW_OF(body), WIRE_TOO_MANY, "65 attributes");
}

int main(void)
{
    static const uint8_t too_long[] = {CP_REQUEST, 0, 0, 0, 0, 1, 0xff, 0xff, 1, 2, 3, 4};
    static const uint8_t trailing[] = {CP_REQUEST, 0, 0, 0, 0, 1, 0, 0, 1};

    reads_every_field();
    ignores_the_reserved_bit();
    rejects_truncations_inside_an_attribute();
    takes_64_attributes_and_no_more();
    codec_rejects(&codec, VIEW_OF(too_long), WIRE_BAD_LENGTH, "an attribute longer than the rest");
    codec_rejects(&codec, VIEW_OF(trailing), WIRE_TRUNCATED, "a byte behind");
    codec_gives_same_bytes(&codec, VIEW_OF(known), "CP");
    codec_survives_every_byte(&codec, VIEW_OF(known), "CP");
    return done_testing();
}
