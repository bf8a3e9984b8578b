// Any datagram: read it, read every payload in it, describe everything, and write back what was
// accepted. Whatever was written must read as itself.
#include "refgw/wire/authentication.h"
#include "refgw/wire/certificate.h"
#include "refgw/wire/configuration.h"
#include "refgw/wire/delete.h"
#include "refgw/wire/describe.h"
#include "refgw/wire/eap.h"
#include "refgw/wire/encrypted.h"
#include "refgw/wire/esp_packet.h"
#include "refgw/wire/identification.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/nonce.h"
#include "refgw/wire/notify.h"
#include "refgw/wire/security_association.h"
#include "refgw/wire/traffic_selector.h"
#include "refgw/wire/udp_encapsulation.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_WRITTEN = 70000 };

// Reads a body and writes it again; false when it is rejected.
typedef bool rewrite(struct byte_view body, struct byte_writer *out);

static bool rewrite_security_association(struct byte_view body, struct byte_writer *out)
{
    static struct security_association association;
    struct wire_fault fault;
    if (!security_association_read(body, &association, &fault)) {
        return false;
    }
    security_association_write(out, &association);
    return true;
}

static bool rewrite_key_exchange(struct byte_view body, struct byte_writer *out)
{
    struct key_exchange exchange;
    struct wire_fault fault;
    if (!key_exchange_read(body, &exchange, &fault)) {
        return false;
    }
    key_exchange_write(out, &exchange);
    return true;
}

static bool rewrite_identification(struct byte_view body, struct byte_writer *out)
{
    struct identification identification;
    struct wire_fault fault;
    if (!identification_read(body, &identification, &fault)) {
        return false;
    }
    identification_write(out, &identification);
    return true;
}

static bool rewrite_certificate(struct byte_view body, struct byte_writer *out)
{
    struct certificate certificate;
    struct wire_fault fault;
    if (!certificate_read(body, &certificate, &fault)) {
        return false;
    }
    certificate_write(out, &certificate);
    return true;
}

static bool rewrite_authentication(struct byte_view body, struct byte_writer *out)
{
    struct authentication authentication;
    struct wire_fault fault;
    if (!authentication_read(body, &authentication, &fault)) {
        return false;
    }
    authentication_write(out, &authentication);
    return true;
}

static bool rewrite_nonce(struct byte_view body, struct byte_writer *out)
{
    struct byte_view nonce;
    struct wire_fault fault;
    if (!nonce_read(body, &nonce, &fault)) {
        return false;
    }
    writer_put_bytes(out, nonce);
    return true;
}

static bool rewrite_notify(struct byte_view body, struct byte_writer *out)
{
    struct notify notify;
    struct wire_fault fault;
    if (!notify_read(body, &notify, &fault)) {
        return false;
    }
    notify_write(out, &notify);
    return true;
}

static bool rewrite_delete(struct byte_view body, struct byte_writer *out)
{
    struct delete_payload payload;
    struct wire_fault fault;
    volatile uint32_t spis = 0;
    if (!delete_payload_read(body, &payload, &fault)) {
        return false;
    }
    for (size_t i = 0; i < payload.spi_count; i++) {
        spis = spis ^ delete_payload_spi(&payload, i);
    }
    delete_payload_write(out, &payload);
    return true;
}

static bool rewrite_traffic_selectors(struct byte_view body, struct byte_writer *out)
{
    struct traffic_selector_list list;
    struct wire_fault fault;
    // Without a selector of a known type there is nothing to write back.
    if (!traffic_selector_list_read(body, &list, &fault) || list.count == 0) {
        return false;
    }
    traffic_selector_list_write(out, &list);
    return true;
}

static bool rewrite_configuration(struct byte_view body, struct byte_writer *out)
{
    struct configuration configuration;
    struct wire_fault fault;
    if (!configuration_read(body, &configuration, &fault)) {
        return false;
    }
    configuration_write(out, &configuration);
    return true;
}

static bool rewrite_eap(struct byte_view body, struct byte_writer *out)
{
    struct eap eap;
    struct wire_fault fault;
    if (!eap_read(body, &eap, &fault)) {
        return false;
    }
    eap_write(out, &eap);
    return true;
}

// An exact codec writes the bytes that it read, but for `reserved_size` bytes of RESERVED that
// start at `reserved`. The others have reserved bits in places that vary, or skip something.
static const struct {
    uint8_t type;
    bool is_exact;
    uint8_t reserved;
    uint8_t reserved_size;
    rewrite *rewrite;
} codecs[] = {
    {IKE_PAYLOAD_SA,     false, 0, 0, rewrite_security_association},
    {IKE_PAYLOAD_KE,     true,  2, 2, rewrite_key_exchange        },
    {IKE_PAYLOAD_IDI,    true,  1, 3, rewrite_identification      },
    {IKE_PAYLOAD_CERT,   true,  0, 0, rewrite_certificate         },
    {IKE_PAYLOAD_AUTH,   true,  1, 3, rewrite_authentication      },
    {IKE_PAYLOAD_NONCE,  true,  0, 0, rewrite_nonce               },
    {IKE_PAYLOAD_NOTIFY, true,  0, 0, rewrite_notify              },
    {IKE_PAYLOAD_DELETE, true,  0, 0, rewrite_delete              },
    {IKE_PAYLOAD_TSI,    false, 0, 0, rewrite_traffic_selectors   },
    {IKE_PAYLOAD_CP,     false, 0, 0, rewrite_configuration       },
    {IKE_PAYLOAD_EAP,    true,  0, 0, rewrite_eap                 },
};

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

// Whether `written` is `body` with zeros where RESERVED stands.
static bool is_exact_copy(size_t index, struct byte_view written, struct byte_view body)
{
    const size_t reserved = codecs[index].reserved;
    const size_t behind = reserved + codecs[index].reserved_size;
    if (written.size != body.size || body.size < behind) {
        return false;
    }
    for (size_t i = 0; i < body.size; i++) {
        const bool is_reserved = i >= reserved && i < behind;
        if (written.data[i] != (is_reserved ? 0 : body.data[i])) {
            return false;
        }
    }
    return true;
}

static void check_codec(size_t index, struct byte_view body)
{
    static uint8_t first_buffer[MOST_WRITTEN];
    static uint8_t second_buffer[MOST_WRITTEN];
    struct byte_writer first = writer_into(first_buffer, sizeof(first_buffer));
    struct byte_writer second = writer_into(second_buffer, sizeof(second_buffer));
    struct byte_view once = {0};
    struct byte_view twice = {0};

    if (!codecs[index].rewrite(body, &first)) {
        return;
    }
    must(writer_finish(&first, &once) && once.size <= body.size);
    must(!codecs[index].is_exact || is_exact_copy(index, once, body));
    must(codecs[index].rewrite(once, &second));
    must(writer_finish(&second, &twice) && view_equals(once, twice));
}

// The text must be what JSON allows inside its strings: printable ASCII.
static void check_text(void *context, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        must(text[i] >= 0x20 && text[i] <= 0x7e);
    }
    *(size_t *)context += size;
}

static void describe(const struct payload_list *list)
{
    size_t total = 0;
    const struct text_sink sink = {.put = check_text, .context = &total};

    describe_payload_set(list, true, &sink);
    for (size_t i = 0; i < list->count; i++) {
        describe_payload_json(&list->items[i], false, &sink);
    }
    must(total > 0);
}

static void check_list(const struct payload_list *list)
{
    describe(list);
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < sizeof(codecs) / sizeof(codecs[0]); j++) {
            // Every codec sees every body: whatever a type says, the bytes may be anything.
            check_codec(j, list->items[i].body);
        }
    }
}

static void check_rewritten_message(const struct message *message)
{
    static uint8_t buffer[MOST_WRITTEN];
    static struct message again;
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view written;
    struct message_draft draft;
    struct wire_fault fault;

    message_begin(&draft, &out, &message->header);
    for (size_t i = 0; i < message->payloads.count; i++) {
        const struct payload *payload = &message->payloads.items[i];
        payload_begin(&draft, payload->type, payload->is_critical);
        writer_put_bytes(&out, payload->body);
        payload_end(&draft);
    }
    if (message->payloads.first_inside != 0) {
        writer_fill_u8(&out, draft.payload_start, message->payloads.first_inside);
    }
    if (!message_finish(&draft, &written)) {
        must(message->bytes.size > sizeof(buffer));
        return;
    }
    must(written.size == message->bytes.size && message_read(written, &again, &fault));
    must(memcmp(written.data, message->bytes.data, IKE_HEADER_SIZE) == 0);
    must(again.payloads.count == message->payloads.count &&
         again.payloads.first_inside == message->payloads.first_inside);
}

static void check_encrypted(const struct message *message)
{
    enum { IV_SIZE = 8, ICV_SIZE = 16 };
    struct encrypted_part part;
    struct wire_fault fault;

    if (encrypted_part_find(message, IV_SIZE, ICV_SIZE, &part, &fault)) {
        must(part.associated.size + part.iv.size + part.ciphertext.size + part.icv.size ==
             message->bytes.size);
        must(part.associated.data + part.associated.size == part.iv.data &&
             part.ciphertext.size > 0);
    }
}

// What a decrypted chain or ESP text may look like: any bytes.
static void check_decrypted(struct byte_view bytes)
{
    static struct payload_list list;
    struct byte_view payload;
    struct wire_fault fault;
    uint8_t next_header;

    if (bytes.size > 0 &&
        payload_list_read((struct byte_view){.data = bytes.data + 1, .size = bytes.size - 1},
                          bytes.data[0], &list, &fault)) {
        check_list(&list);
    }
    if (esp_trailer_read(bytes, &payload, &next_header, &fault)) {
        must(payload.size + ESP_TRAILER_SIZE <= bytes.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct message message;
    const struct byte_view datagram = {.data = data, .size = size};
    struct byte_view content;
    struct wire_fault fault;

    if (message_read(datagram, &message, &fault)) {
        check_list(&message.payloads);
        check_rewritten_message(&message);
        check_encrypted(&message);
    }
    check_decrypted(datagram);
    (void)udp_encapsulation_read(datagram, &content);
    must(content.size <= size);
    return 0;
}
