#include "refgw/esp/open.h"

#include "refgw/esp/seal.h"
#include "refgw/wire/esp_packet.h"

enum { ESP_ALIGNMENT = 4 };

bool inbound_sa_init(struct inbound_sa *sa, const struct crypto_provider *crypto,
                     const struct aead_choice *choice, struct byte_view encryption_key,
                     struct byte_view integrity_key, const struct inbound_parameters *parameters)
{
    struct inbound_sa made = {.crypto = crypto};
    if (!crypto->aead_sizes(choice, &made.sizes) ||
        !replay_window_init(&made.window, parameters->replay_window, parameters->has_esn)) {
        return false;
    }
    made.aead = crypto->aead_new(choice, encryption_key, integrity_key);
    if (made.aead == NULL) {
        replay_window_clear(&made.window);
        return false;
    }
    *sa = made;
    return true;
}

void inbound_sa_clear(struct inbound_sa *sa)
{
    if (sa->crypto != NULL) {
        sa->crypto->aead_free(sa->aead);
    }
    replay_window_clear(&sa->window);
    *sa = (struct inbound_sa){0};
}

// The encrypted text between IV and ICV. False when the packet cannot have been made with
// this SA's algorithms.
static bool find_text(const struct inbound_sa *sa, const struct packet *packet,
                      struct esp_header *out_header, size_t *out_text_size)
{
    struct byte_reader in =
        reader_over((struct byte_view){.data = packet->data, .size = packet->size});
    const size_t alignment = sa->sizes.block > ESP_ALIGNMENT ? sa->sizes.block : ESP_ALIGNMENT;
    struct wire_fault fault;

    if (!esp_header_read(&in, out_header, &fault) ||
        in.left < sa->sizes.iv + ESP_TRAILER_SIZE + sa->sizes.icv) {
        return false;
    }
    *out_text_size = in.left - sa->sizes.iv - sa->sizes.icv;
    return *out_text_size % alignment == 0;
}

// Authenticates the SPI that was received, so that a packet of another SA never passes.
static bool open_text(struct inbound_sa *sa, uint32_t spi, uint64_t sequence, uint8_t *start,
                      size_t text_size)
{
    uint8_t *text = start + ESP_HEADER_SIZE + sa->sizes.iv;
    struct esp_authenticated fields;
    esp_authenticated_fields(spi, sequence, sa->window.has_esn, sa->sizes.integrity_key > 0,
                             &fields);
    const struct aead_job job = {
        .associated = {.data = fields.associated,       .size = fields.associated_size},
        .trailer = {.data = fields.trailer,          .size = fields.trailer_size   },
        .iv = {.data = start + ESP_HEADER_SIZE, .size = sa->sizes.iv          },
        .text = text,
        .text_size = text_size,
        .icv = text + text_size,
    };
    return sa->crypto->aead_open(sa->aead, &job);
}

enum packet_verdict esp_open(struct inbound_sa *sa, struct packet *packet, uint8_t *out_next_header)
{
    struct esp_header header;
    struct wire_fault fault;
    struct byte_view payload;
    uint8_t next_header;
    size_t text_size;

    if (!find_text(sa, packet, &header, &text_size)) {
        return PACKET_MALFORMED;
    }
    const uint64_t sequence = replay_window_infer(&sa->window, header.sequence);
    if (!replay_window_check(&sa->window, sequence)) {
        return PACKET_REPLAYED;
    }
    if (!open_text(sa, header.spi, sequence, packet->data, text_size)) {
        return PACKET_NOT_AUTHENTIC;
    }
    //= rfc4303#section-3.4.3
    //# The receive window is updated only if the ICV verification succeeds.
    replay_window_accept(&sa->window, sequence);

    uint8_t *text = packet->data + ESP_HEADER_SIZE + sa->sizes.iv;
    if (!esp_trailer_read((struct byte_view){.data = text, .size = text_size}, &payload,
                          &next_header, &fault)) {
        return PACKET_MALFORMED;
    }
    if (next_header == IP_PROTOCOL_NO_NEXT_HEADER) {
        return PACKET_DUMMY;
    }
    packet->data = text;
    packet->size = payload.size;
    *out_next_header = next_header;
    return PACKET_PASSED;
}
