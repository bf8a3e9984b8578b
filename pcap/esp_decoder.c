#include "pcap/esp_decoder.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/wire/esp_packet.h"

enum { MOST_PACKET = 65536 + 64, MOST_ICV = 64 };

struct keyed_sa {
    uint32_t spi;
    struct ip_address destination;
    bool has_esn;
    uint32_t sequence_high; // of the highest authentic packet so far
    uint32_t sequence_low;
    struct aead *aead;
    struct aead_sizes sizes;
};

struct esp_decoder {
    const struct crypto_provider *crypto;
    size_t count;
    struct keyed_sa *sas;
    uint8_t *buffer; // MOST_PACKET bytes
};

static void add_sa(struct esp_decoder *decoder, const struct esp_key_entry *entry)
{
    struct keyed_sa sa = {
        .spi = entry->spi, .destination = entry->destination, .has_esn = entry->has_esn};
    const struct crypto_provider *crypto = decoder->crypto;
    if (!crypto->aead_sizes(&entry->aead, &sa.sizes) ||
        sa.sizes.encryption_key != entry->encryption.size ||
        sa.sizes.integrity_key != entry->integrity.size) {
        return;
    }
    sa.aead = crypto->aead_new(&entry->aead, secret_view(&entry->encryption),
                               secret_view(&entry->integrity));
    if (sa.aead != NULL) {
        decoder->sas[decoder->count++] = sa;
    }
}

struct esp_decoder *esp_decoder_new(const struct crypto_provider *crypto,
                                    const struct key_file *keys)
{
    struct esp_decoder *decoder = calloc(1, sizeof(*decoder));
    if (decoder == NULL) {
        return NULL;
    }
    decoder->crypto = crypto;
    decoder->sas = calloc(keys->esp_count + 1, sizeof(*decoder->sas));
    decoder->buffer = malloc(MOST_PACKET);
    if (decoder->sas == NULL || decoder->buffer == NULL) {
        esp_decoder_free(decoder);
        return NULL;
    }
    for (size_t i = 0; i < keys->esp_count; i++) {
        add_sa(decoder, &keys->esp[i]);
    }
    return decoder;
}

void esp_decoder_free(struct esp_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    for (size_t i = 0; i < decoder->count; i++) {
        decoder->crypto->aead_free(decoder->sas[i].aead);
    }
    free(decoder->sas);
    free(decoder->buffer);
    free(decoder);
}

// --- one packet ---------------------------------------------------------------------------

// Where the parts of a packet lie under one SA's sizes.
struct packet_parts {
    struct byte_view header;
    struct byte_view iv;
    struct byte_view ciphertext;
    struct byte_view icv;
};

static bool split(const struct aead_sizes *sizes, struct byte_view content,
                  struct packet_parts *out_parts)
{
    struct byte_reader in = reader_over(content);
    if (!reader_take_bytes(&in, ESP_HEADER_SIZE, &out_parts->header) ||
        !reader_take_bytes(&in, sizes->iv, &out_parts->iv) || in.left <= sizes->icv ||
        !reader_take_bytes(&in, in.left - sizes->icv, &out_parts->ciphertext)) {
        return false;
    }
    out_parts->icv = reader_take_rest(&in);
    return out_parts->ciphertext.size % sizes->block == 0 && out_parts->icv.size <= MOST_ICV;
}

// RFC 4106 section 5: SPI, then the sequence number, with ESN all 64 bits of it. Pairs keep
// the high half for the end (RFC 4303, section 2.2.1).
static bool try_open(struct esp_decoder *decoder, const struct keyed_sa *sa,
                     const struct packet_parts *parts, uint32_t sequence_high)
{
    uint8_t head[12];
    uint8_t high[4];
    uint8_t icv[MOST_ICV];
    struct byte_writer high_out = writer_into(high, sizeof(high));
    struct byte_writer out = writer_into(head, sizeof(head));
    struct byte_view associated = parts->header;
    const bool is_combined = sa->sizes.integrity_key == 0;

    writer_put_u32(&high_out, sequence_high);
    if (sa->has_esn && is_combined) {
        writer_put_bytes(&out, (struct byte_view){.data = parts->header.data, .size = 4});
        writer_put_bytes(&out, VIEW_OF(high));
        writer_put_bytes(&out, (struct byte_view){.data = parts->header.data + 4, .size = 4});
        associated = VIEW_OF(head);
    }
    memcpy(icv, parts->icv.data, parts->icv.size);
    memcpy(decoder->buffer, parts->ciphertext.data, parts->ciphertext.size);
    const struct aead_job job = {
        .associated = associated,
        .trailer = {.data = high, .size = sa->has_esn && !is_combined ? sizeof(high) : 0},
        .iv = parts->iv,
        .text = decoder->buffer,
        .text_size = parts->ciphertext.size,
        .icv = icv,
    };
    return decoder->crypto->aead_open(sa->aead, &job);
}

// The half that the receiver would assume comes first, then its neighbours.
static bool open_with_esn(struct esp_decoder *decoder, struct keyed_sa *sa,
                          const struct packet_parts *parts, uint32_t low, uint32_t *out_high)
{
    const bool has_wrapped = low < sa->sequence_low && sa->sequence_low - low > UINT32_MAX / 2;
    const uint32_t guess = sa->sequence_high + (has_wrapped ? 1 : 0);
    const uint32_t tries[] = {guess, guess + 1, guess - 1};
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        if (try_open(decoder, sa, parts, tries[i])) {
            *out_high = tries[i];
            return true;
        }
    }
    return false;
}

static void note_sequence(struct keyed_sa *sa, uint32_t high, uint32_t low)
{
    const uint64_t known = (uint64_t)sa->sequence_high << 32 | sa->sequence_low;
    if (((uint64_t)high << 32 | low) > known) {
        sa->sequence_high = high;
        sa->sequence_low = low;
    }
}

static void look_inside(struct esp_decoder *decoder, size_t text_size, struct esp_packet *out)
{
    const struct byte_view text = {.data = decoder->buffer, .size = text_size};
    struct wire_fault fault;
    struct carried_packet inner;
    if (!esp_trailer_read(text, &out->plain, &out->next_header, &fault)) {
        out->opening = ESP_BAD_PADDING;
        return;
    }
    out->opening = ESP_OPENED;
    if (out->next_header != IP_PROTOCOL_IPV4 && out->next_header != IP_PROTOCOL_IPV6) {
        return;
    }
    ip_packet_read(out->plain, &inner);
    if (inner.kind != CARRIED_MALFORMED) {
        out->has_inner = true;
        out->inner_source = inner.source;
        out->inner_destination = inner.destination;
        out->inner_protocol = inner.ip_protocol;
    }
}

static void open_with(struct esp_decoder *decoder, struct keyed_sa *sa, struct byte_view content,
                      struct esp_packet *out)
{
    struct packet_parts parts;
    uint32_t high = 0;
    const uint32_t low = (uint32_t)out->sequence;
    if (!split(&sa->sizes, content, &parts)) {
        out->opening = ESP_MALFORMED;
        return;
    }
    out->opening = ESP_NOT_AUTHENTIC;
    if (sa->has_esn ? open_with_esn(decoder, sa, &parts, low, &high)
                    : try_open(decoder, sa, &parts, 0)) {
        note_sequence(sa, high, low);
        out->sequence = (uint64_t)high << 32 | low;
        look_inside(decoder, parts.ciphertext.size, out);
    }
}

static bool is_opened(const struct esp_packet *packet)
{
    return packet->opening == ESP_OPENED || packet->opening == ESP_BAD_PADDING;
}

// Tries the keys for this very address, or those that a NAT may have moved.
static void try_sas(struct esp_decoder *decoder, const struct ip_address *destination,
                    bool is_own_address, struct byte_view content, struct esp_packet *packet)
{
    for (size_t i = 0; i < decoder->count && !is_opened(packet); i++) {
        struct keyed_sa *sa = &decoder->sas[i];
        if (sa->spi == packet->spi &&
            address_equals(&sa->destination, destination) == is_own_address) {
            open_with(decoder, sa, content, packet);
        }
    }
}

void esp_decoder_read(struct esp_decoder *decoder, const struct ip_address *destination,
                      struct byte_view content, struct esp_packet *out_packet)
{
    struct esp_packet packet = {.size = content.size, .opening = ESP_MALFORMED};
    struct byte_reader in = reader_over(content);
    struct esp_header header;
    struct wire_fault fault;
    if (content.size <= MOST_PACKET && esp_header_read(&in, &header, &fault)) {
        packet.spi = header.spi;
        packet.sequence = header.sequence;
        packet.opening = ESP_NO_KEYS;
        try_sas(decoder, destination, true, content, &packet);
        try_sas(decoder, destination, false, content, &packet);
    }
    *out_packet = packet;
}

const char *esp_opening_name(enum esp_opening opening)
{
    static const char *const names[] = {
        [ESP_OPENED] = "opened",
        [ESP_NO_KEYS] = "no-keys",
        [ESP_NOT_AUTHENTIC] = "not-authentic",
        [ESP_MALFORMED] = "malformed",
        [ESP_BAD_PADDING] = "bad-padding",
    };
    return names[opening];
}
