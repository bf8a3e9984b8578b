#include "refgw/esp/seal.h"

#include "refgw/wire/esp_packet.h"

enum { ESP_ALIGNMENT = 4 }; // pad length and next header end a word of 4 octets

bool outbound_sa_init(struct outbound_sa *sa, const struct crypto_provider *crypto,
                      const struct aead_choice *choice, struct byte_view encryption_key,
                      struct byte_view integrity_key)
{
    struct aead_sizes sizes;
    if (!crypto->aead_sizes(choice, &sizes)) {
        return false;
    }
    struct aead *aead = crypto->aead_new(choice, encryption_key, integrity_key);
    if (aead == NULL) {
        return false;
    }
    *sa = (struct outbound_sa){.crypto = crypto, .aead = aead, .sizes = sizes};
    return true;
}

void outbound_sa_clear(struct outbound_sa *sa)
{
    if (sa->crypto != NULL) {
        sa->crypto->aead_free(sa->aead);
    }
    *sa = (struct outbound_sa){0};
}

void esp_authenticated_fields(uint32_t spi, uint64_t sequence, bool has_esn, bool is_pair,
                              struct esp_authenticated *out_fields)
{
    struct byte_writer associated =
        writer_into(out_fields->associated, sizeof(out_fields->associated));
    struct byte_writer trailer = writer_into(out_fields->trailer, sizeof(out_fields->trailer));

    writer_put_u32(&associated, spi);
    if (has_esn) {
        writer_put_u32(is_pair ? &trailer : &associated, (uint32_t)(sequence >> 32));
    }
    writer_put_u32(&associated, (uint32_t)sequence);
    out_fields->associated_size = associated.used;
    out_fields->trailer_size = trailer.used;
}

// Where the parts of the sealed packet will be.
struct layout {
    size_t front;   // header and IV
    size_t padding; // without pad length and next header
    size_t text;    // payload, padding and trailer
};

static bool make_layout(const struct outbound_sa *sa, const struct packet *packet,
                        struct layout *out_layout)
{
    const size_t alignment = sa->sizes.block > ESP_ALIGNMENT ? sa->sizes.block : ESP_ALIGNMENT;
    struct layout layout = {.front = ESP_HEADER_SIZE + sa->sizes.iv,
                            .padding = esp_padding_size(packet->size, alignment)};
    layout.text = packet->size + layout.padding + ESP_TRAILER_SIZE;

    const size_t before = (size_t)(packet->data - packet->buffer);
    const size_t behind = packet->capacity - before - packet->size;
    *out_layout = layout;
    return before >= layout.front && behind >= layout.text - packet->size + sa->sizes.icv;
}

static bool seal_text(struct outbound_sa *sa, const struct layout *layout, uint64_t sequence,
                      uint8_t *start)
{
    uint8_t *text = start + layout->front;
    struct esp_authenticated fields;
    esp_authenticated_fields(sa->spi, sequence, sa->sequence.has_esn, sa->sizes.integrity_key > 0,
                             &fields);
    const struct aead_job job = {
        .associated = {.data = fields.associated,       .size = fields.associated_size},
        .trailer = {.data = fields.trailer,          .size = fields.trailer_size   },
        .iv = {.data = start + ESP_HEADER_SIZE, .size = sa->sizes.iv          },
        .text = text,
        .text_size = layout->text,
        .icv = text + layout->text,
    };
    return sa->crypto->aead_make_iv(sa->aead, sequence, start + ESP_HEADER_SIZE) &&
           sa->crypto->aead_seal(sa->aead, &job);
}

enum packet_verdict esp_seal(struct outbound_sa *sa, uint8_t next_header, struct packet *packet)
{
    struct layout layout;
    uint64_t sequence;
    if (!make_layout(sa, packet, &layout)) {
        return PACKET_MALFORMED;
    }
    if (!outbound_sequence_next(&sa->sequence, &sequence)) {
        return PACKET_SEQUENCE_EXHAUSTED;
    }

    uint8_t *start = packet->data - layout.front;
    const struct esp_header header = {.spi = sa->spi, .sequence = (uint32_t)sequence};
    struct byte_writer front = writer_into(start, ESP_HEADER_SIZE);
    struct byte_writer end = writer_into(packet->data + packet->size, layout.text - packet->size);
    esp_header_write(&front, &header);
    esp_trailer_write(&end, layout.padding, next_header);
    if (!seal_text(sa, &layout, sequence, start)) {
        // The cipher itself broke: the number stays used, so that no IV can repeat, and
        // whatever it left behind is not sent.
        return PACKET_NOT_AUTHENTIC;
    }
    packet->data = start;
    packet->size = layout.front + layout.text + sa->sizes.icv;
    return PACKET_PASSED;
}
