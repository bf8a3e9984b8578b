#include "refgw/wire/message.h"
#include "refgw/tests/wire/codec_check.h"

// IKE_SA_INIT with a Nonce of 16 bytes and a Vendor ID of 3, marked critical.
static const uint8_t known[] = {
    0xc1, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x08, 0, 0, 0, 0,  0, 0, 0, 0, //
    40,   0x20, 34,   0x08, 0,    0,    0,    0,    0, 0, 0, 55,             //
    43,   0,    0,    20,   1,    2,    3,    4,    5, 6, 7, 8,              // Nonce
    9,    10,   11,   12,   13,   14,   15,   16,                            //
    0,    0x80, 0,    7,    'a',  'b',  'c',                                 // V
};
// INFORMATIONAL with SK of 8 bytes; a Delete comes first inside.
static const uint8_t encrypted[] = {
    0xc1, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x08, 1, 2, 3, 4,  5, 6, 7, 8, //
    46,   0x20, 37,   0x28, 0,    0,    0,    2,    0, 0, 0, 40,             //
    42,   0,    0,    12,   0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3, 4,
};

static bool read_whole(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    struct message message;
    if (!message_read(body, &message, out_fault)) {
        return false;
    }
    *(struct message *)out = message;
    return true;
}

// Writes a message again from its structs.
static void write_whole(struct byte_writer *out, const void *in)
{
    const struct message *message = in;
    struct message_draft draft;
    struct byte_view written;

    message_begin(&draft, out, &message->header);
    for (size_t i = 0; i < message->payloads.count; i++) {
        const struct payload *payload = &message->payloads.items[i];
        payload_begin(&draft, payload->type, payload->is_critical);
        writer_put_bytes(out, payload->body);
        payload_end(&draft);
    }
    if (message->payloads.first_inside != 0) {
        writer_fill_u8(out, draft.payload_start, message->payloads.first_inside);
    }
    if (!message_finish(&draft, &written)) {
        out->overflowed = true;
    }
}

static const struct codec codec = {sizeof(struct message), read_whole, write_whole};

static void reads_every_payload(void)
{
    static struct message message;
    const struct payload *items = message.payloads.items;
    struct wire_fault fault;

    ok(message_read(VIEW_OF(known), &message, &fault), "a message is accepted");
    ok(message.header.exchange_type == IKE_EXCHANGE_SA_INIT, "its header is there");
    ok(message.bytes.data == known && message.bytes.size == sizeof(known), "its bytes are there");
    ok(message.payloads.count == 2 && message.payloads.first_inside == 0, "two payloads");
    ok(items[0].type == IKE_PAYLOAD_NONCE && !items[0].is_critical, "a Nonce");
    is_bytes(items[0].body.data, items[0].body.size, known + 32, 16, "with its body");
    ok(items[1].type == IKE_PAYLOAD_VENDOR_ID && items[1].is_critical, "a critical Vendor ID");
    is_bytes(items[1].body.data, items[1].body.size, "abc", 3, "with its body");
    ok(payload_list_find(&message.payloads, IKE_PAYLOAD_VENDOR_ID) == &items[1], "found by type");
    ok(payload_list_find(&message.payloads, IKE_PAYLOAD_SA) == NULL, "no SA");
    ok(payload_list_count(&message.payloads, IKE_PAYLOAD_NONCE) == 1 &&
           payload_list_count(&message.payloads, IKE_PAYLOAD_SA) == 0,
       "counted by type");
}

// Puts `value` at `offset` of `known` and expects a fault.
static void changed_is_rejected(size_t offset, uint8_t value, enum wire_fault_kind kind,
                                const char *what)
{
    uint8_t body[sizeof(known)];
    memcpy(body, known, sizeof(known));
    body[offset] = value;
    codec_rejects(&codec, VIEW_OF(body), kind, what);
}

static void rejects_wrong_headers(void)
{
    changed_is_rejected(17, 0x10, WIRE_UNKNOWN_TYPE, "major version 1");
    changed_is_rejected(17, 0x30, WIRE_UNKNOWN_TYPE, "major version 3");
    changed_is_rejected(27, 54, WIRE_BAD_LENGTH, "length one too small");
    changed_is_rejected(27, 56, WIRE_BAD_LENGTH, "length one too large");
    changed_is_rejected(24, 0xff, WIRE_BAD_LENGTH, "length over 4 gigabytes");
    changed_is_rejected(16, 0, WIRE_TRAILING_BYTES, "no payload, but bytes");
}

static void a_higher_minor_version_is_read(void)
{
    static struct message message;
    uint8_t body[sizeof(known)];
    struct wire_fault fault;

    memcpy(body, known, sizeof(known));
    body[17] = 0x2f;
    ok(message_read(VIEW_OF(body), &message, &fault) && message.header.minor_version == 15,
       "version 2.15 is read");
}

static void the_header_is_filled_in_for_whoever_must_answer(void)
{
    static struct message message;
    uint8_t body[sizeof(known)];
    struct wire_fault fault;

    memcpy(body, known, sizeof(known));
    body[17] = 0x30;
    ok(!message_read(VIEW_OF(body), &message, &fault) && message.header.major_version == 3 &&
           message.header.initiator_spi == 0xc1a2b3c4d5e6f708U,
       "a rejected message with 28 bytes leaves its header");
    ok(message.payloads.count == 0 && message.bytes.size == 0, "and nothing else");
}

static void rejects_wrong_payload_lengths(void)
{
    changed_is_rejected(31, 0, WIRE_BAD_LENGTH, "payload length 0");
    changed_is_rejected(31, 3, WIRE_BAD_LENGTH, "payload length 3");
    changed_is_rejected(31, 28, WIRE_BAD_LENGTH, "payload longer than the message");
    changed_is_rejected(30, 0xff, WIRE_BAD_LENGTH, "payload length 65300");
    changed_is_rejected(31, 27, WIRE_TRUNCATED, "nothing left for the next payload");
    changed_is_rejected(31, 25, WIRE_TRUNCATED, "two bytes left for the next payload");
    changed_is_rejected(51, 6, WIRE_TRAILING_BYTES, "a byte behind the last payload");
    changed_is_rejected(48, 33, WIRE_TRUNCATED, "one more payload promised");
}

static void reserved_bits_are_ignored(void)
{
    static struct message message;
    uint8_t body[sizeof(known)];
    struct wire_fault fault;

    memcpy(body, known, sizeof(known));
    body[29] = 0x7f;
    ok(message_read(VIEW_OF(body), &message, &fault) && !message.payloads.items[0].is_critical,
       "the seven reserved bits mean nothing");
}

//= rfc7296#section-3.14
//= type=test
//# The Encrypted payload, if present in a message, MUST be the last payload
//# in the message.
static void nothing_follows_an_encrypted_payload(void)
{
    static struct message message;
    uint8_t body[sizeof(encrypted) + 4];
    struct wire_fault fault;

    ok(message_read(VIEW_OF(encrypted), &message, &fault), "SK is accepted");
    ok(message.payloads.count == 1 && message.payloads.first_inside == IKE_PAYLOAD_DELETE,
       "its next payload is the first inside");
    memcpy(body, encrypted, sizeof(encrypted));
    memcpy(body + sizeof(encrypted), (const uint8_t[]){0, 0, 0, 4}, 4);
    body[27] = sizeof(body);
    codec_rejects(&codec, VIEW_OF(body), WIRE_TRAILING_BYTES, "a payload behind SK");
    body[16] = IKE_PAYLOAD_SKF;
    codec_rejects(&codec, VIEW_OF(body), WIRE_TRAILING_BYTES, "a payload behind SKF");
}

static void a_message_may_have_no_payload(void)
{
    uint8_t body[IKE_HEADER_SIZE];

    memcpy(body, known, sizeof(body));
    body[16] = IKE_PAYLOAD_NONE;
    body[27] = IKE_HEADER_SIZE;
    codec_gives_same_bytes(&codec, VIEW_OF(body), "a header alone");
}

static void takes_128_payloads_and_no_more(void)
{
    enum { SIZE = IKE_GENERIC_HEADER_SIZE * (MESSAGE_MOST_PAYLOADS + 1) };
    static struct payload_list list;
    uint8_t chain[SIZE];
    struct wire_fault fault = {0};

    for (size_t i = 0; i < SIZE; i += IKE_GENERIC_HEADER_SIZE) {
        memcpy(chain + i, (const uint8_t[]){200, 0, 0, IKE_GENERIC_HEADER_SIZE}, 4);
    }
    chain[SIZE - 4] = 0;
    ok(!payload_list_read(VIEW_OF(chain), 200, &list, &fault) && fault.kind == WIRE_TOO_MANY,
       "129 payloads are too many");
    chain[SIZE - 8] = 0;
    ok(payload_list_read((struct byte_view){.data = chain, .size = SIZE - 4}, 200, &list, &fault) &&
           list.count == MESSAGE_MOST_PAYLOADS,
       "128 payloads are not");
}

static void writes_a_bare_chain(void)
{
    uint8_t buffer[64];
    uint8_t first_type = 99;
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view written = {0};
    struct message_draft draft;
    static const uint8_t wanted[] = {41, 0, 0, 5, 7, 0, 0x80, 0, 4};

    payload_chain_begin(&draft, &out, &first_type);
    ok(first_type == IKE_PAYLOAD_NONE, "an empty chain has no first type");
    ok(message_finish(&draft, &written) && written.size == 0, "and no bytes");
    payload_begin(&draft, IKE_PAYLOAD_DELETE, false);
    writer_put_u8(&out, 7);
    payload_end(&draft);
    payload_begin(&draft, IKE_PAYLOAD_NOTIFY, true);
    payload_end(&draft);
    ok(message_finish(&draft, &written), "two payloads fit");
    ok(first_type == IKE_PAYLOAD_DELETE, "the first type is told");
    is_bytes(written.data, written.size, wanted, sizeof(wanted), "and the chain is linked");
}

static void a_message_may_start_behind_a_marker(void)
{
    uint8_t buffer[64];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view written = {0};
    struct message_draft draft;
    const struct ike_header header = {.major_version = 2, .exchange_type = 37, .first_payload = 9};

    writer_put_u32(&out, 0);
    message_begin(&draft, &out, &header);
    payload_begin(&draft, IKE_PAYLOAD_NOTIFY, false);
    payload_end(&draft);
    ok(message_finish(&draft, &written) && written.size == 32, "the marker is not counted");
    ok(written.data == buffer + 4 && buffer[4 + 27] == 32, "length and start are the message's");
    ok(buffer[4 + 16] == IKE_PAYLOAD_NOTIFY, "the first payload is the one written");
}

static void a_full_buffer_is_reported(void)
{
    static struct message message;
    uint8_t buffer[sizeof(known)];
    struct wire_fault fault;

    ok(message_read(VIEW_OF(known), &message, &fault), "a message is accepted");
    for (size_t capacity = 0; capacity < sizeof(known); capacity++) {
        struct byte_writer out = writer_into(buffer, capacity);
        write_whole(&out, &message);
        ok(out.overflowed, "%zu bytes are too few", capacity);
    }
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    write_whole(&out, &message);
    ok(!out.overflowed, "%zu bytes are enough", sizeof(known));
}

static void a_payload_over_65535_bytes_is_reported(void)
{
    uint8_t *buffer = codec_allocate(70000);
    struct byte_writer out = writer_into(buffer, 70000);
    struct byte_view written;
    struct message_draft draft;
    uint8_t first_type;

    payload_chain_begin(&draft, &out, &first_type);
    payload_begin(&draft, IKE_PAYLOAD_VENDOR_ID, false);
    writer_put_zeros(&out, 65532);
    payload_end(&draft);
    ok(!message_finish(&draft, &written), "65536 bytes do not fit into a payload");
    out = writer_into(buffer, 70000);
    payload_chain_begin(&draft, &out, &first_type);
    payload_begin(&draft, IKE_PAYLOAD_VENDOR_ID, false);
    writer_put_zeros(&out, 65531);
    payload_end(&draft);
    ok(message_finish(&draft, &written) && written.size == 65535, "65535 bytes do");
    free(buffer);
}

int main(void)
{
    reads_every_payload();
    rejects_wrong_headers();
    a_higher_minor_version_is_read();
    the_header_is_filled_in_for_whoever_must_answer();
    rejects_wrong_payload_lengths();
    reserved_bits_are_ignored();
    nothing_follows_an_encrypted_payload();
    a_message_may_have_no_payload();
    takes_128_payloads_and_no_more();
    writes_a_bare_chain();
    a_message_may_start_behind_a_marker();
    a_full_buffer_is_reported();
    a_payload_over_65535_bytes_is_reported();
    codec_gives_same_bytes(&codec, VIEW_OF(known), "message");
    codec_gives_same_bytes(&codec, VIEW_OF(encrypted), "message with SK");
    codec_rejects_every_truncation(&codec, VIEW_OF(known), "message");
    codec_rejects_every_truncation(&codec, VIEW_OF(encrypted), "message with SK");
    codec_survives_every_byte(&codec, VIEW_OF(known), "message");
    codec_survives_every_byte(&codec, VIEW_OF(encrypted), "message with SK");
    return done_testing();
}
