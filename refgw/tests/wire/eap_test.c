#include "refgw/wire/eap.h"
#include "refgw/tests/wire/codec_check.h"

enum { EAP_TYPE_IDENTITY = 1 };

static const uint8_t response[] = {2, 7, 0, 8, 1, 'b', 'o', 'b'};
static const uint8_t success[] = {3, 8, 0, 4};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return eap_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    eap_write(out, in);
}

static const struct codec codec = {sizeof(struct eap), read_body, write_body};

static void reads_every_field(void)
{
    struct eap eap = {0};
    struct wire_fault fault;

    ok(eap_read(VIEW_OF(response), &eap, &fault), "a response is accepted");
    ok(eap.code == EAP_RESPONSE && eap.identifier == 7 && eap.type == EAP_TYPE_IDENTITY,
       "code, identifier, type");
    is_bytes(eap.data.data, eap.data.size, "bob", 3, "the identity");
    ok(eap_read(VIEW_OF(success), &eap, &fault) && eap.code == EAP_SUCCESS && eap.type == 0 &&
           eap.data.size == 0,
       "success has neither type nor data");
}

static void rejects_every_wrong_length(void)
{
    static const uint8_t short_length[] = {2, 7, 0, 7, 1, 'b', 'o', 'b'};
    static const uint8_t long_length[] = {2, 7, 0, 9, 1, 'b', 'o', 'b'};
    static const uint8_t no_type[] = {1, 7, 0, 4};
    static const uint8_t long_success[] = {3, 8, 0, 5, 1};

    codec_rejects(&codec, VIEW_OF(short_length), WIRE_BAD_LENGTH, "a length one too short");
    codec_rejects(&codec, VIEW_OF(long_length), WIRE_BAD_LENGTH, "a length one too long");
    codec_rejects(&codec, VIEW_OF(no_type), WIRE_TRUNCATED, "a request without type");
    codec_rejects(&codec, VIEW_OF(long_success), WIRE_BAD_LENGTH, "success with data");
}

static void rejects_unknown_codes(void)
{
    static const uint8_t zero[] = {0, 7, 0, 4};
    static const uint8_t five[] = {5, 7, 0, 4};

    codec_rejects(&codec, VIEW_OF(zero), WIRE_BAD_VALUE, "code 0");
    codec_rejects(&codec, VIEW_OF(five), WIRE_BAD_VALUE, "code 5");
}

int main(void)
{
    reads_every_field();
    rejects_every_wrong_length();
    rejects_unknown_codes();
    codec_gives_same_bytes(&codec, VIEW_OF(response), "EAP response");
    codec_gives_same_bytes(&codec, VIEW_OF(success), "EAP success");
    codec_rejects_every_truncation(&codec, VIEW_OF(response), "EAP response");
    codec_rejects_every_truncation(&codec, VIEW_OF(success), "EAP success");
    codec_survives_every_byte(&codec, VIEW_OF(response), "EAP response");
    return done_testing();
}
