#include "refgw/wire/esp_packet.h"
#include "refgw/iana/ikev2_numbers.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t known[] = {0xc0, 0xff, 0xee, 0x01, 0x00, 0x00, 0x00, 0x2a};

static bool read_header(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    struct byte_reader in = reader_over(body);
    return esp_header_read(&in, out, out_fault);
}

static void write_header(struct byte_writer *out, const void *in)
{
    esp_header_write(out, in);
}

static const struct codec header_codec = {sizeof(struct esp_header), read_header, write_header};

static void reads_the_header(void)
{
    struct byte_reader in = reader_over(VIEW_OF(known));
    struct esp_header header = {0};
    struct wire_fault fault;

    ok(esp_header_read(&in, &header, &fault) && in.left == 0, "8 bytes are a header");
    ok(header.spi == 0xc0ffee01 && header.sequence == 42, "SPI and sequence number");
}

static void padding_reaches_the_alignment(void)
{
    size_t wrong = 0;
    for (size_t alignment = 4; alignment <= 128; alignment *= 2) {
        for (size_t size = 0; size < 300; size++) {
            const size_t padding = esp_padding_size(size, alignment);
            wrong += padding >= alignment || (size + padding + ESP_TRAILER_SIZE) % alignment != 0;
        }
    }
    ok(wrong == 0, "payload, padding and trailer fill whole blocks, with less than one block");
    ok(esp_padding_size(2, 4) == 0 && esp_padding_size(3, 4) == 3, "2 needs none, 3 needs 3");
}

static void reads_every_padding_it_writes(void)
{
    size_t wrong = 0;
    for (size_t padding = 0; padding <= UINT8_MAX; padding++) {
        uint8_t buffer[3 + UINT8_MAX + ESP_TRAILER_SIZE];
        struct byte_writer out = writer_into(buffer, sizeof(buffer));
        struct byte_view text = {0};
        struct byte_view payload = {0};
        struct wire_fault fault;
        uint8_t next_header = 0;

        writer_put_bytes(&out, (struct byte_view){.data = known, .size = 3});
        esp_trailer_write(&out, padding, IP_PROTOCOL_IPV6);
        wrong += !writer_finish(&out, &text) || text.size != 3 + padding + ESP_TRAILER_SIZE ||
                 !esp_trailer_read(text, &payload, &next_header, &fault) || payload.size != 3 ||
                 payload.data != buffer || next_header != IP_PROTOCOL_IPV6;
    }
    ok(wrong == 0, "0 to 255 bytes of padding");
}

static void writes_the_padding_of_the_rfc(void)
{
    static const uint8_t wanted[] = {1, 2, 3, 3, IP_PROTOCOL_IPV4};
    uint8_t buffer[8];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view written = {0};

    esp_trailer_write(&out, 3, IP_PROTOCOL_IPV4);
    ok(writer_finish(&out, &written), "it fits");
    is_bytes(written.data, written.size, wanted, sizeof(wanted), "1 2 3, length, next header");
}

static void trailer_is_rejected(const uint8_t *data, size_t size, enum wire_fault_kind kind,
                                const char *what)
{
    struct byte_view payload = {.size = 77};
    struct wire_fault fault = {0};
    uint8_t next_header = 77;
    const bool accepted = esp_trailer_read((struct byte_view){.data = data, .size = size}, &payload,
                                           &next_header, &fault);
    ok(!accepted && fault.kind == kind && payload.size == 77 && next_header == 77, "%s: %s", what,
       wire_fault_name(kind));
}

static void rejects_wrong_trailers(void)
{
    static const uint8_t too_long[] = {1, 2, 3, 4};
    static const uint8_t most[] = {1, 2, 255, 4};
    static const uint8_t zeros[] = {9, 0, 0, 2, 4};
    static const uint8_t last_wrong[] = {1, 2, 4, 3, 4};

    trailer_is_rejected(too_long, 0, WIRE_TRUNCATED, "nothing");
    trailer_is_rejected(too_long, 1, WIRE_TRUNCATED, "one byte");
    trailer_is_rejected(too_long, 4, WIRE_BAD_LENGTH, "padding one byte too long");
    trailer_is_rejected(most, 4, WIRE_BAD_LENGTH, "255 bytes of padding promised");
    trailer_is_rejected(zeros, 5, WIRE_BAD_VALUE, "padding of zeros");
    trailer_is_rejected(last_wrong, 5, WIRE_BAD_VALUE, "padding 1 2 4");
}

int main(void)
{
    reads_the_header();
    padding_reaches_the_alignment();
    reads_every_padding_it_writes();
    writes_the_padding_of_the_rfc();
    rejects_wrong_trailers();
    codec_gives_same_bytes(&header_codec, VIEW_OF(known), "ESP header");
    codec_rejects_every_truncation(&header_codec, VIEW_OF(known), "ESP header");
    codec_survives_every_byte(&header_codec, VIEW_OF(known), "ESP header");
    return done_testing();
}
