#include "refgw/wire/traffic_selector.h"
#include "refgw/tests/wire/codec_check.h"

enum { SELECTOR_OFFSET = 4, IPV4_SELECTOR_SIZE = 16 };

// 203.0.113.0-203.0.113.63 any; then one IPv6 address, TCP, ports 80-443.
static const uint8_t known[] = {
    2,    0,    0,   0,                                        // two selectors
    7,    0,    0,   16,                                       // IPv4, any protocol
    0,    0,    255, 255,                                      // any port
    203,  0,    113, 0,                                        // from
    203,  0,    113, 63,                                       // to
    8,    6,    0,   40,                                       // IPv6, TCP
    0,    80,   1,   0xbb,                                     // ports 80 to 443
    0x20, 0x01, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // from
    0x20, 0x01, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // to
};
static const uint8_t one[] = {1,   0,   0,   0, 7,   0, 0,   16, 0,   0,
                              255, 255, 203, 0, 113, 0, 203, 0,  113, 63};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return traffic_selector_list_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    traffic_selector_list_write(out, in);
}

static const struct codec codec = {sizeof(struct traffic_selector_list), read_body, write_body};

static void reads_every_field(void)
{
    struct traffic_selector_list list = {0};
    struct wire_fault fault;
    char text[ADDRESS_TEXT_SIZE];

    ok(traffic_selector_list_read(VIEW_OF(known), &list, &fault), "two selectors are accepted");
    ok(list.count == 2 && !list.has_unknown_type, "two of them, both known");
    address_format(&list.items[0].start_address, text);
    ok(strcmp(text, "203.0.113.0") == 0, "the first starts at 203.0.113.0");
    address_format(&list.items[0].end_address, text);
    ok(strcmp(text, "203.0.113.63") == 0, "and ends at 203.0.113.63");
    ok(list.items[0].ip_protocol == 0 && list.items[0].end_port == 65535, "any protocol and port");
    address_format(&list.items[1].end_address, text);
    ok(strcmp(text, "2001:db8:1::2") == 0, "the second is one address");
    ok(list.items[1].ip_protocol == IP_PROTOCOL_TCP && list.items[1].start_port == 80 &&
           list.items[1].end_port == 443,
       "TCP ports 80 to 443");
}

// Puts `value` at `offset` of the single selector and expects a fault.
static void changed_is_rejected(size_t offset, uint8_t value, enum wire_fault_kind kind,
                                const char *what)
{
    uint8_t body[sizeof(one)];
    memcpy(body, one, sizeof(one));
    body[offset] = value;
    codec_rejects(&codec, VIEW_OF(body), kind, what);
}

static void rejects_every_wrong_length_and_count(void)
{
    uint8_t longer[sizeof(one) + 1] = {0};

    changed_is_rejected(0, 0, WIRE_BAD_VALUE, "count 0");
    changed_is_rejected(0, 2, WIRE_TRUNCATED, "count 2 for one selector");
    changed_is_rejected(0, 255, WIRE_TRUNCATED, "count 255 for one selector");
    changed_is_rejected(7, 0, WIRE_BAD_LENGTH, "selector length 0");
    changed_is_rejected(7, 3, WIRE_BAD_LENGTH, "selector length 3");
    changed_is_rejected(7, 15, WIRE_BAD_LENGTH, "selector length 15");
    changed_is_rejected(7, 17, WIRE_BAD_LENGTH, "selector length 17");
    changed_is_rejected(6, 255, WIRE_BAD_LENGTH, "selector length 65296");
    changed_is_rejected(4, TS_IPV6_ADDR_RANGE, WIRE_BAD_LENGTH, "IPv6 with IPv4 addresses");
    memcpy(longer, one, sizeof(one));
    codec_rejects(&codec, VIEW_OF(longer), WIRE_TRAILING_BYTES, "a byte behind");
    memcpy(longer, one, sizeof(one));
    longer[7] = 17;
    codec_rejects(&codec, VIEW_OF(longer), WIRE_BAD_LENGTH, "IPv4 with 9 bytes of addresses");
}

static void rejects_ranges_that_run_backwards(void)
{
    uint8_t body[sizeof(one)];

    changed_is_rejected(12, 204, WIRE_BAD_VALUE, "start address after end address");
    memcpy(body, one, sizeof(one));
    memcpy(body + 8, (const uint8_t[]){0, 2, 0, 1}, 4);
    codec_rejects(&codec, VIEW_OF(body), WIRE_BAD_VALUE, "ports 2 to 1");
    memcpy(body + 8, (const uint8_t[]){0xff, 0xff, 0, 1}, 4);
    codec_rejects(&codec, VIEW_OF(body), WIRE_BAD_VALUE, "ports 65535 to 1");
    memcpy(body + 8, (const uint8_t[]){0xff, 0xff, 0, 0}, 4);
    codec_gives_same_bytes(&codec, VIEW_OF(body), "ports 65535 to 0 (OPAQUE)");
}

static void skips_unknown_types_by_their_length(void)
{
    static const uint8_t with_label[] = {
        2,  0, 0, 0,           //
        10, 0, 0, 7,  1, 2, 3, // TS_SECLABEL
        7,  0, 0, 16, 0, 0, 255, 255, 203, 0, 113, 0, 203, 0, 113, 63,
    };
    static const uint8_t only_label[] = {1, 0, 0, 0, 10, 0, 0, 4};
    struct traffic_selector_list list = {0};
    struct wire_fault fault;

    ok(traffic_selector_list_read(VIEW_OF(with_label), &list, &fault), "a label is skipped");
    ok(list.count == 1 && list.has_unknown_type, "and remembered");
    ok(traffic_selector_list_read(VIEW_OF(only_label), &list, &fault) && list.count == 0 &&
           list.has_unknown_type,
       "also when it is alone");
    codec_rejects(&codec, (struct byte_view){.data = with_label, .size = 10}, WIRE_BAD_LENGTH,
                  "a label cut short");
}

static void takes_64_selectors_and_no_more(void)
{
    enum { COUNT = TS_MOST_SELECTORS + 1 };
    uint8_t body[SELECTOR_OFFSET + COUNT * IPV4_SELECTOR_SIZE] = {TS_MOST_SELECTORS};
    for (size_t i = 0; i < COUNT; i++) {
        memcpy(body + SELECTOR_OFFSET + i * IPV4_SELECTOR_SIZE, one + SELECTOR_OFFSET,
               IPV4_SELECTOR_SIZE);
    }
    codec_gives_same_bytes(
        &codec, (struct byte_view){.data = body, .size = sizeof(body) - IPV4_SELECTOR_SIZE},
        "64 selectors");
    body[0] = COUNT;
    codec_rejects(&codec, VIEW_OF(body), WIRE_TOO_MANY, "65 selectors");
}

int main(void)
{
    reads_every_field();
    rejects_every_wrong_length_and_count();
    rejects_ranges_that_run_backwards();
    skips_unknown_types_by_their_length();
    takes_64_selectors_and_no_more();
    codec_gives_same_bytes(&codec, VIEW_OF(known), "TSi");
    codec_rejects_every_truncation(&codec, VIEW_OF(known), "TSi");
    codec_survives_every_byte(&codec, VIEW_OF(known), "TSi");
    return done_testing();
}
