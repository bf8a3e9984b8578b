// RFC 7296 section 3.14, RFC 7383.
#include "pcap/ike_decoder.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/ike_fragments.h"
#include "refgw/ike/message_protection.h"
#include "refgw/wire/encrypted.h"

// One direction of one epoch of one IKE SA.
struct keyed_direction {
    uint64_t initiator_spi;
    uint64_t responder_spi;
    bool is_from_initiator;
    struct message_cipher cipher;
};

struct ike_decoder {
    size_t count;
    struct keyed_direction *directions;
    struct fragment_store fragments;
};

// Adds a direction when the keys fit the algorithm. Keys that do not are left out.
static void add_direction(struct ike_decoder *decoder, const struct crypto_provider *crypto,
                          const struct ike_key_entry *entry, bool is_from_initiator)
{
    const struct secret *encryption =
        is_from_initiator ? &entry->encryption_i : &entry->encryption_r;
    const struct secret *integrity = is_from_initiator ? &entry->integrity_i : &entry->integrity_r;
    struct message_cipher cipher = {.crypto = crypto};
    if (!crypto->aead_sizes(&entry->aead, &cipher.sizes) ||
        cipher.sizes.encryption_key != encryption->size ||
        cipher.sizes.integrity_key != integrity->size) {
        return;
    }
    cipher.aead = crypto->aead_new(&entry->aead, secret_view(encryption), secret_view(integrity));
    if (cipher.aead != NULL) {
        decoder->directions[decoder->count++] = (struct keyed_direction){
            .initiator_spi = entry->initiator_spi,
            .responder_spi = entry->responder_spi,
            .is_from_initiator = is_from_initiator,
            .cipher = cipher,
        };
    }
}

struct ike_decoder *ike_decoder_new(const struct crypto_provider *crypto,
                                    const struct key_file *keys)
{
    struct ike_decoder *decoder = calloc(1, sizeof(*decoder));
    if (decoder == NULL) {
        return NULL;
    }
    decoder->directions = calloc(keys->ike_count * 2 + 1, sizeof(*decoder->directions));
    if (decoder->directions == NULL) {
        free(decoder);
        return NULL;
    }
    for (size_t i = 0; i < keys->ike_count; i++) {
        add_direction(decoder, crypto, &keys->ike[i], true);
        add_direction(decoder, crypto, &keys->ike[i], false);
    }
    return decoder;
}

void ike_decoder_free(struct ike_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    for (size_t i = 0; i < decoder->count; i++) {
        decoder->directions[i].cipher.crypto->aead_free(decoder->directions[i].cipher.aead);
    }
    fragment_store_clear(&decoder->fragments);
    free(decoder->directions);
    free(decoder);
}

// --- payload lists ------------------------------------------------------------------------

static bool is_box(uint8_t type)
{
    return type == IKE_PAYLOAD_SK || type == IKE_PAYLOAD_SKF;
}

// The payloads outside SK, then those inside. Without `inside` SK stays in the list.
static bool keep_payloads(struct ike_message *message, const struct payload_list *outside,
                          const struct payload_list *inside)
{
    const size_t most = outside->count + (inside != NULL ? inside->count : 0);
    struct payload *payloads = calloc(most + 1, sizeof(*payloads));
    if (payloads == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < outside->count; i++) {
        if (inside == NULL || !is_box(outside->items[i].type)) {
            payloads[count++] = outside->items[i];
        }
    }
    for (size_t i = 0; inside != NULL && i < inside->count; i++) {
        payloads[count++] = inside->items[i];
    }
    free(message->payloads);
    message->payloads = payloads;
    message->payload_count = count;
    return true;
}

// --- opening ------------------------------------------------------------------------------

// What is known while one message is being opened.
struct opening {
    struct ike_decoder *decoder;
    unsigned stream;
    struct message parsed;
    struct ike_message *message; // being filled
    bool has_memory;
};

static bool direction_fits(const struct keyed_direction *direction, const struct ike_header *header)
{
    return direction->initiator_spi == header->initiator_spi &&
           direction->responder_spi == header->responder_spi &&
           direction->is_from_initiator == ike_header_is_from_initiator(header);
}

// Tries SK under one key; true when the ICV was right.
static bool open_sk(struct opening *opening, const struct message_cipher *cipher)
{
    struct ike_message *message = opening->message;
    struct opened_message opened;
    struct wire_fault fault = {.kind = WIRE_OK};
    const bool good = message_open(cipher, &opening->parsed, message->plain, message->plain_size,
                                   &opened, &fault);
    if (!opened.is_authentic) {
        return false;
    }
    if (!good) {
        message->opening = IKE_MALFORMED_INSIDE;
        message->fault = fault;
        return true;
    }
    message->opening = IKE_OPENED;
    opening->has_memory = keep_payloads(message, &opening->parsed.payloads, &opened.inside);
    return true;
}

static void malformed_inside(struct ike_message *message, const struct wire_fault *fault)
{
    message->opening = IKE_MALFORMED_INSIDE;
    message->fault = *fault;
}

// The last part of a fragmented message is there: its chain takes the place of the part's.
static void finish_fragments(struct opening *opening, const struct whole_chain *chain)
{
    struct ike_message *message = opening->message;
    struct payload_list inside;
    struct wire_fault fault = {.kind = WIRE_OK};
    free(message->plain);
    message->plain = chain->data;
    message->plain_size = chain->size;
    const struct byte_view view = {.data = chain->data, .size = chain->size};
    if (!payload_list_read(view, chain->first_inside, &inside, &fault)) {
        malformed_inside(message, &fault);
        return;
    }
    message->opening = IKE_OPENED;
    opening->has_memory = keep_payloads(message, &opening->parsed.payloads, &inside);
}

// Takes padding off the decrypted text of a part. False when the pad length lies.
static bool strip_padding(struct byte_view *text)
{
    if (text->size == 0 || text->data[text->size - 1] >= text->size) {
        return false;
    }
    text->size -= text->data[text->size - 1] + (size_t)1;
    return true;
}

static bool decrypt_part(struct opening *opening, const struct message_cipher *cipher,
                         const struct encrypted_part *part)
{
    uint8_t icv[64];
    if (part->icv.size > sizeof(icv) || part->ciphertext.size == 0 ||
        part->ciphertext.size % cipher->sizes.block != 0) {
        return false;
    }
    memcpy(icv, part->icv.data, part->icv.size);
    memcpy(opening->message->plain, part->ciphertext.data, part->ciphertext.size);
    const struct aead_job job = {
        .associated = part->associated,
        .iv = part->iv,
        .text = opening->message->plain,
        .text_size = part->ciphertext.size,
        .icv = icv,
    };
    return cipher->crypto->aead_open(cipher->aead, &job);
}

// Tries SKF under one key; true when the ICV was right.
static bool open_skf(struct opening *opening, const struct message_cipher *cipher)
{
    struct ike_message *message = opening->message;
    struct encrypted_part part;
    struct wire_fault fault = {.kind = WIRE_OK};
    struct whole_chain chain = {0};
    if (!encrypted_part_find(&opening->parsed, cipher->sizes.iv, cipher->sizes.icv, &part,
                             &fault) ||
        !decrypt_part(opening, cipher, &part)) {
        return false;
    }
    struct byte_view text = {.data = message->plain, .size = part.ciphertext.size};
    message->opening = IKE_FRAGMENT;
    message->fragment_number = part.fragment_number;
    message->fragment_count = part.fragment_count;
    if (!strip_padding(&text)) {
        fault = (struct wire_fault){.kind = WIRE_BAD_LENGTH, .section = "rfc7383#section-2.5"};
        malformed_inside(message, &fault);
        return true;
    }
    opening->has_memory = fragment_store_add(&opening->decoder->fragments, opening->stream,
                                             &message->header, &part, text, &chain);
    if (chain.data != NULL) {
        finish_fragments(opening, &chain);
    }
    return true;
}

// SK or SKF under every key that its SPIs could mean.
static void open_box(struct opening *opening, uint8_t type)
{
    struct ike_message *message = opening->message;
    message->opening = IKE_NO_KEYS;
    message->plain_size = message->size;
    message->plain = malloc(message->size);
    if (message->plain == NULL) {
        opening->has_memory = false;
        return;
    }
    for (size_t i = 0; i < opening->decoder->count; i++) {
        const struct keyed_direction *direction = &opening->decoder->directions[i];
        if (!direction_fits(direction, &message->header)) {
            continue;
        }
        message->opening = IKE_NOT_AUTHENTIC;
        if (type == IKE_PAYLOAD_SKF ? open_skf(opening, &direction->cipher)
                                    : open_sk(opening, &direction->cipher)) {
            return;
        }
    }
}

static bool copy_bytes(struct ike_message *message, struct byte_view content)
{
    message->bytes = malloc(content.size + 1);
    if (message->bytes == NULL) {
        return false;
    }
    if (content.size > 0) {
        memcpy(message->bytes, content.data, content.size);
    }
    message->size = content.size;
    return true;
}

static bool decode(struct opening *opening)
{
    struct ike_message *message = opening->message;
    const struct byte_view bytes = {.data = message->bytes, .size = message->size};
    message->has_header = bytes.size >= IKE_HEADER_SIZE;
    const bool is_sound = message_read(bytes, &opening->parsed, &message->fault);
    if (message->has_header) {
        message->header = opening->parsed.header;
    }
    if (!is_sound) {
        message->opening = IKE_MALFORMED;
        return true;
    }
    message->opening = IKE_PLAIN;
    message->fault = (struct wire_fault){.kind = WIRE_OK};
    if (!keep_payloads(message, &opening->parsed.payloads, NULL)) {
        return false;
    }
    const size_t count = opening->parsed.payloads.count;
    if (count > 0 && is_box(opening->parsed.payloads.items[count - 1].type)) {
        open_box(opening, opening->parsed.payloads.items[count - 1].type);
    }
    return opening->has_memory;
}

bool ike_decoder_read(struct ike_decoder *decoder, unsigned stream, struct byte_view content,
                      struct ike_message *out_message)
{
    struct ike_message message = {0};
    struct opening *opening = calloc(1, sizeof(*opening));
    bool good = opening != NULL && copy_bytes(&message, content);
    if (good) {
        opening->decoder = decoder;
        opening->stream = stream;
        opening->message = &message;
        opening->has_memory = true;
        good = decode(opening);
    }
    free(opening);
    if (!good) {
        ike_message_clear(&message);
        return false;
    }
    *out_message = message;
    return true;
}

void ike_message_clear(struct ike_message *message)
{
    free(message->bytes);
    free(message->plain);
    free(message->payloads);
    *message = (struct ike_message){0};
}

const struct payload *ike_message_find(const struct ike_message *message, uint8_t type)
{
    for (size_t i = 0; i < message->payload_count; i++) {
        if (message->payloads[i].type == type) {
            return &message->payloads[i];
        }
    }
    return NULL;
}

bool ike_message_is_response(const struct ike_message *message)
{
    return ike_header_is_response(&message->header);
}

const char *ike_opening_name(enum ike_opening opening)
{
    static const char *const names[] = {
        [IKE_PLAIN] = "plain",
        [IKE_OPENED] = "opened",
        [IKE_FRAGMENT] = "fragment",
        [IKE_NO_KEYS] = "no-keys",
        [IKE_NOT_AUTHENTIC] = "not-authentic",
        [IKE_MALFORMED] = "malformed",
        [IKE_MALFORMED_INSIDE] = "malformed-inside",
    };
    return names[opening];
}
