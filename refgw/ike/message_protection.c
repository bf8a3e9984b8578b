#include "refgw/ike/message_protection.h"

#include <string.h>

#include "refgw/wire/encrypted.h"

enum {
    PAD_LENGTH_SIZE = 1,
    FRAGMENT_FIELDS_SIZE = 4,
    MOST_IV_SIZE = 32,
    MOST_MESSAGE_SIZE = UINT16_MAX, // what a UDP datagram and an SK payload can hold
};

static const char *const SECTION = "rfc7296#section-3.14";
static const char *const FRAGMENT_SECTION = "rfc7383#section-2.5";

struct byte_buffer {
    uint8_t *start;
    size_t capacity;
};

// The padding of a decrypted text is dropped; its content is nobody's business.
static bool strip_padding(struct byte_view text, struct byte_view *out_chain)
{
    if (text.size < PAD_LENGTH_SIZE) {
        return false;
    }
    const size_t padding = text.data[text.size - 1];
    if (text.size - PAD_LENGTH_SIZE < padding) {
        return false;
    }
    *out_chain =
        (struct byte_view){.data = text.data, .size = text.size - PAD_LENGTH_SIZE - padding};
    return true;
}

static bool open_text(const struct message_cipher *cipher, const struct encrypted_part *part,
                      uint8_t *buffer)
{
    // The provider compares the ICV in place and takes no const pointer for it.
    uint8_t icv[64];
    if (part->icv.size > sizeof(icv)) {
        return false;
    }
    memcpy(icv, part->icv.data, part->icv.size);
    memcpy(buffer, part->ciphertext.data, part->ciphertext.size);
    const struct aead_job job = {
        .associated = part->associated,
        .iv = part->iv,
        .text = buffer,
        .text_size = part->ciphertext.size,
        .icv = icv,
    };
    return cipher->crypto->aead_open(cipher->aead, &job);
}

// Decrypts what the part holds into `buffer`. *out_is_authentic: the ICV was right.
static bool open_part(const struct message_cipher *cipher, const struct encrypted_part *part,
                      struct byte_buffer buffer, bool *out_is_authentic,
                      struct byte_view *out_plain, struct wire_fault *out_fault)
{
    if (part->ciphertext.size == 0 || part->ciphertext.size > buffer.capacity ||
        part->ciphertext.size % cipher->sizes.block != 0) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, SECTION);
    }
    if (!open_text(cipher, part, buffer.start)) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, SECTION);
    }
    const struct byte_view text = {.data = buffer.start, .size = part->ciphertext.size};
    *out_is_authentic = true;
    return strip_padding(text, out_plain) || wire_reject(out_fault, WIRE_BAD_LENGTH, SECTION);
}

bool message_open(const struct message_cipher *cipher, const struct message *message,
                  uint8_t *buffer, size_t capacity, struct opened_message *out_opened,
                  struct wire_fault *out_fault)
{
    const struct byte_buffer place = {.start = buffer, .capacity = capacity};
    struct encrypted_part part;
    struct opened_message opened = {.is_authentic = false};

    out_opened->is_authentic = false;
    if (!encrypted_part_find(message, cipher->sizes.iv, cipher->sizes.icv, &part, out_fault)) {
        return false;
    }
    if (part.fragment_count != 0) {
        return wire_reject(out_fault, WIRE_UNKNOWN_TYPE, FRAGMENT_SECTION);
    }
    if (!open_part(cipher, &part, place, &out_opened->is_authentic, &opened.chain, out_fault) ||
        !payload_list_read(opened.chain, part.first_inside, &opened.inside, out_fault)) {
        return false;
    }
    opened.is_authentic = true;
    *out_opened = opened;
    return true;
}

static bool find_fragment(const struct message_cipher *cipher, const struct message *message,
                          struct encrypted_part *out_part, struct wire_fault *out_fault)
{
    if (!encrypted_part_find(message, cipher->sizes.iv, cipher->sizes.icv, out_part, out_fault)) {
        return false;
    }
    return out_part->fragment_count != 0 ||
           wire_reject(out_fault, WIRE_UNKNOWN_TYPE, FRAGMENT_SECTION);
}

bool message_fragment_place(const struct message_cipher *cipher, const struct message *message,
                            struct fragment_place *out_place, struct wire_fault *out_fault)
{
    struct encrypted_part part;
    if (!find_fragment(cipher, message, &part, out_fault)) {
        return false;
    }
    *out_place =
        (struct fragment_place){.number = part.fragment_number, .count = part.fragment_count};
    return true;
}

bool message_open_fragment(const struct message_cipher *cipher, const struct message *message,
                           uint8_t *buffer, size_t capacity, struct message_fragment *out_fragment,
                           struct wire_fault *out_fault)
{
    const struct byte_buffer place = {.start = buffer, .capacity = capacity};
    struct encrypted_part part;
    struct byte_view piece;
    bool is_authentic = false;

    if (!find_fragment(cipher, message, &part, out_fault) ||
        !open_part(cipher, &part, place, &is_authentic, &piece, out_fault)) {
        return false;
    }
    *out_fragment = (struct message_fragment){
        .place = {.number = part.fragment_number, .count = part.fragment_count},
        .first_type = part.first_inside,
        .piece = piece,
    };
    return true;
}

// How the sizes of one sealed message add up.
struct sealed_layout {
    size_t padding;
    size_t text;    // chain, padding, pad length
    size_t payload; // generic header, fragment fields if any, IV, text, ICV
    size_t message;
};

static bool lay_out(const struct aead_sizes *sizes, size_t fields_size, size_t chain_size,
                    struct sealed_layout *out)
{
    const size_t beyond = (chain_size + PAD_LENGTH_SIZE) % sizes->block;
    struct sealed_layout layout = {.padding = beyond == 0 ? 0 : sizes->block - beyond};
    layout.text = chain_size + layout.padding + PAD_LENGTH_SIZE;
    layout.payload = IKE_GENERIC_HEADER_SIZE + fields_size + sizes->iv + layout.text + sizes->icv;
    layout.message = IKE_HEADER_SIZE + layout.payload;
    *out = layout;
    return chain_size <= MOST_MESSAGE_SIZE && layout.message <= MOST_MESSAGE_SIZE &&
           sizes->iv <= MOST_IV_SIZE;
}

// A message about to be sealed; place.count is 0 when it is no fragment.
struct sealing {
    const struct ike_header *header;
    struct message_fragment content;
    uint64_t iv_counter;
};

static size_t fields_size_of(const struct sealing *sealing)
{
    return sealing->content.place.count == 0 ? 0 : FRAGMENT_FIELDS_SIZE;
}

static void put_plain(const struct sealed_layout *layout, const struct sealing *sealing,
                      struct byte_writer *out)
{
    struct ike_header own = *sealing->header;
    own.first_payload = sealing->content.place.count == 0 ? IKE_PAYLOAD_SK : IKE_PAYLOAD_SKF;
    own.length = (uint32_t)layout->message;
    ike_header_write(out, &own);
    // The first fragment names the first payload inside, the others name none.
    writer_put_u8(out, sealing->content.place.number > 1 ? IKE_PAYLOAD_NONE
                                                         : sealing->content.first_type);
    writer_put_u8(out, 0);
    writer_put_u16(out, (uint16_t)layout->payload);
    if (sealing->content.place.count != 0) {
        writer_put_u16(out, sealing->content.place.number);
        writer_put_u16(out, sealing->content.place.count);
    }
}

static bool seal(const struct message_cipher *cipher, const struct sealing *sealing,
                 struct byte_writer *out)
{
    struct sealed_layout layout;
    uint8_t iv[MOST_IV_SIZE];
    const size_t start = out->used;

    if (out->overflowed ||
        !lay_out(&cipher->sizes, fields_size_of(sealing), sealing->content.piece.size, &layout) ||
        out->capacity - out->used < layout.message ||
        !cipher->crypto->aead_make_iv(cipher->aead, sealing->iv_counter, iv)) {
        return false;
    }
    put_plain(&layout, sealing, out);
    const size_t associated_size = out->used - start;
    writer_put_bytes(out, (struct byte_view){.data = iv, .size = cipher->sizes.iv});
    const size_t text_start = out->used;
    writer_put_bytes(out, sealing->content.piece);
    writer_put_zeros(out, layout.padding);
    writer_put_u8(out, (uint8_t)layout.padding);
    const size_t icv_start = out->used;
    writer_put_zeros(out, cipher->sizes.icv);

    const struct aead_job job = {
        .associated = {.data = out->start + start, .size = associated_size },
        .iv = {.data = iv,                 .size = cipher->sizes.iv},
        .text = out->start + text_start,
        .text_size = layout.text,
        .icv = out->start + icv_start,
    };
    if (!cipher->crypto->aead_seal(cipher->aead, &job)) {
        // What was put is still in the clear.
        secret_wipe(out->start + start, out->used - start);
        out->used = start;
        return false;
    }
    return true;
}

bool message_seal(const struct message_cipher *cipher, const struct ike_header *header,
                  uint8_t first_type, struct byte_view chain, uint64_t iv_counter,
                  struct byte_writer *out)
{
    const struct sealing sealing = {
        .header = header,
        .content = {.first_type = first_type, .piece = chain},
        .iv_counter = iv_counter,
    };
    return seal(cipher, &sealing, out);
}

bool message_seal_fragment(const struct message_cipher *cipher, const struct ike_header *header,
                           const struct message_fragment *fragment, uint64_t iv_counter,
                           struct byte_writer *out)
{
    const struct sealing sealing = {
        .header = header, .content = *fragment, .iv_counter = iv_counter};
    return seal(cipher, &sealing, out);
}

size_t message_sealed_size(const struct message_cipher *cipher, size_t chain_size)
{
    struct sealed_layout layout;
    return lay_out(&cipher->sizes, 0, chain_size, &layout) ? layout.message : 0;
}

size_t message_fragment_room(const struct message_cipher *cipher, size_t message_size)
{
    const struct aead_sizes *sizes = &cipher->sizes;
    const size_t around =
        IKE_HEADER_SIZE + IKE_GENERIC_HEADER_SIZE + FRAGMENT_FIELDS_SIZE + sizes->iv + sizes->icv;
    if (message_size <= around) {
        return 0;
    }
    const size_t text = (message_size - around) / sizes->block * sizes->block;
    return text < PAD_LENGTH_SIZE ? 0 : text - PAD_LENGTH_SIZE;
}
