#include "pcap/tests/story.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/capture_file.h"
#include "pcap/reading_provider.h"
#include "pcap/tests/handshake_sample.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/iana/ikev2_names.h"
#include "refgw/ike/message_protection.h"
#include "refgw/ike/nat_detection.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/notify.h"
#include "refgw/wire/security_association.h"
#include "refgw/wire/traffic_selector.h"

static const char west[] = "192.0.2.1";
static const char east[] = "198.51.100.1";
static const uint64_t responder_spi = 0x0011223344556677U;
// SK_ei and SK_er of sample_ike_keys().
static const uint8_t keys[2][20] = {
    {0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
    {0x02, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
};

const char *story_keys(void)
{
    return sample_ike_keys();
}

void story_begin(struct story *story)
{
    *story = (struct story){
        .time_us = (uint64_t)SAMPLE_START_S * 1000000,
        .initiator_spi = 0xc1a2b3c4d5e6f708U,
        .port = 500,
        .has_true_hashes = true,
    };
    builder_begin(&story->capture, BUILDER_PCAP_MICROSECONDS, true, LINK_RAW);
}

void story_wait(struct story *story, unsigned milliseconds)
{
    story->time_us += (uint64_t)milliseconds * 1000;
}

// --- payloads -------------------------------------------------------------------------------

void story_message(struct story *story)
{
    story->out = writer_into(story->bytes, sizeof(story->bytes));
    payload_chain_begin(&story->draft, &story->out, &story->first_type);
}

static struct transform transform_of(const char *word)
{
    static const struct {
        const char *word;
        uint8_t type;
        uint16_t number;
    } old[] = {
        {"3des",     IKE_TRANSFORM_ENCR,  ENCR_3DES        },
        {"sha1",     IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA1_96},
        {"modp1024", IKE_TRANSFORM_KE,    KE_MODP_1024     },
    };
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        if (strcmp(old[i].word, word) == 0) {
            return (struct transform){.type = old[i].type, .number = old[i].number};
        }
    }
    const struct transform_keyword *keyword = transform_keyword_find(word);
    assert(keyword != NULL);
    if (keyword == NULL) {
        return (struct transform){0};
    }
    return (struct transform){.type = (uint8_t)keyword->type,
                              .number = (uint16_t)keyword->number,
                              .key_bits = (uint16_t)keyword->key_bits};
}

void story_sa(struct story *story, uint32_t spi, const char *const *words, size_t count)
{
    struct security_association *association = calloc(1, sizeof(*association));
    uint8_t bytes[4];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    assert(association != NULL);
    writer_put_u32(&out, spi);
    struct proposal *proposal = &association->proposals[0];
    association->proposal_count = 1;
    proposal->number = 1;
    proposal->protocol = spi == 0 ? IKE_PROTOCOL_IKE : IKE_PROTOCOL_ESP;
    proposal->spi = (struct byte_view){.data = bytes, .size = spi == 0 ? 0 : 4};
    for (size_t i = 0; i < count; i++) {
        proposal->transforms[proposal->transform_count++] = transform_of(words[i]);
    }
    payload_begin(&story->draft, IKE_PAYLOAD_SA, false);
    security_association_write(story->draft.out, association);
    payload_end(&story->draft);
    free(association);
}

void story_ke(struct story *story)
{
    static const uint8_t value[32] = {9};
    const struct key_exchange exchange = {.method = KE_CURVE25519, .data = VIEW_OF(value)};
    payload_begin(&story->draft, IKE_PAYLOAD_KE, false);
    key_exchange_write(story->draft.out, &exchange);
    payload_end(&story->draft);
}

void story_notify(struct story *story, uint16_t type, struct byte_view data)
{
    const struct notify notify = {.type = type, .data = data};
    payload_begin(&story->draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(story->draft.out, &notify);
    payload_end(&story->draft);
}

void story_rekey(struct story *story, uint32_t spi)
{
    uint8_t bytes[4];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    writer_put_u32(&out, spi);
    const struct notify notify = {
        .protocol = IKE_PROTOCOL_ESP, .type = NOTIFY_REKEY_SA, .spi = VIEW_OF(bytes)};
    payload_begin(&story->draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(story->draft.out, &notify);
    payload_end(&story->draft);
}

static void put_selector(struct story *story, uint8_t type, const char *prefix)
{
    struct traffic_selector_list list = {.count = 1, .items[0] = {.end_port = UINT16_MAX}};
    const bool good =
        prefix_parse(prefix, &list.items[0].start_address, &list.items[0].end_address);
    assert(good);
    payload_begin(&story->draft, type, false);
    if (good) {
        traffic_selector_list_write(story->draft.out, &list);
    }
    payload_end(&story->draft);
}

void story_selectors(struct story *story, const char *initiator, const char *responder)
{
    put_selector(story, IKE_PAYLOAD_TSI, initiator);
    put_selector(story, IKE_PAYLOAD_TSR, responder);
}

void story_payload(struct story *story, uint8_t type, size_t size)
{
    payload_begin(&story->draft, type, false);
    for (size_t i = 0; i < size; i++) {
        writer_put_u8(story->draft.out, (uint8_t)(i + type + story->iv_counter));
    }
    payload_end(&story->draft);
}

// --- messages -------------------------------------------------------------------------------

static struct byte_view finish_chain(struct story *story)
{
    struct byte_view chain = {0};
    const bool good = message_finish(&story->draft, &chain);
    assert(good);
    return good ? chain : (struct byte_view){0};
}

void story_clear(struct story *story, uint8_t exchange, bool is_response, uint32_t message_id)
{
    const struct byte_view chain = finish_chain(story);
    struct byte_writer out = writer_into(story->message, sizeof(story->message));
    const struct ike_header header = {
        .initiator_spi = story->initiator_spi,
        .responder_spi = is_response ? responder_spi : 0,
        .first_payload = story->first_type,
        .major_version = 2,
        .exchange_type = exchange,
        .flags = is_response ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR,
        .message_id = message_id,
        .length = (uint32_t)(IKE_HEADER_SIZE + chain.size),
    };
    ike_header_write(&out, &header);
    writer_put_bytes(&out, chain);
    story->size = out.used;
}

void story_seal(struct story *story, uint8_t exchange, uint8_t flags, uint32_t message_id)
{
    const struct aead_choice choice = {.encryption = ENCR_AES_GCM_16, .key_bits = 128};
    const struct byte_view chain = finish_chain(story);
    struct message_cipher cipher = {.crypto = openssl_provider()};
    struct byte_writer out = writer_into(story->message, sizeof(story->message));
    const struct ike_header header = {
        .initiator_spi = story->initiator_spi,
        .responder_spi = responder_spi,
        .major_version = 2,
        .exchange_type = exchange,
        .flags = flags,
        .message_id = message_id,
    };
    const size_t key = (flags & IKE_FLAG_INITIATOR) != 0 ? 0 : 1;
    cipher.aead = openssl_provider()->aead_new(&choice, VIEW_OF(keys[key]), (struct byte_view){0});
    const bool good =
        cipher.aead != NULL && cipher.crypto->aead_sizes(&choice, &cipher.sizes) &&
        message_seal(&cipher, &header, story->first_type, chain, ++story->iv_counter, &out);
    assert(good);
    story->size = good ? out.used : 0;
    cipher.crypto->aead_free(cipher.aead);
}

void story_part(struct story *story, uint8_t exchange, uint8_t flags, uint16_t number,
                uint16_t count)
{
    struct byte_writer out = writer_into(story->message, sizeof(story->message));
    const size_t body = 200;
    const struct ike_header header = {
        .initiator_spi = story->initiator_spi,
        .responder_spi = responder_spi,
        .first_payload = IKE_PAYLOAD_SKF,
        .major_version = 2,
        .exchange_type = exchange,
        .flags = flags,
        .message_id = 1,
        .length = (uint32_t)(IKE_HEADER_SIZE + 8 + body),
    };
    ike_header_write(&out, &header);
    writer_put_u16(&out, number == 1 ? IKE_PAYLOAD_IDI << 8 : 0);
    writer_put_u16(&out, (uint16_t)(8 + body));
    writer_put_u16(&out, number);
    writer_put_u16(&out, count);
    for (size_t i = 0; i < body; i++) {
        writer_put_u8(&out, (uint8_t)(i * number));
    }
    story->size = out.used;
}

// --- packets --------------------------------------------------------------------------------

void story_packet(struct story *story, struct byte_view packet)
{
    story->time_us += 1000;
    builder_packet(&story->capture, 0, story->time_us, packet, NULL);
}

static void send_udp(struct story *story, bool is_from_west, struct byte_view payload)
{
    uint8_t packet[STORY_MESSAGE_SIZE + 100];
    const size_t size = build_udp(packet, is_from_west ? west : east, story->port,
                                  is_from_west ? east : west, story->port, payload);
    story_packet(story, (struct byte_view){.data = packet, .size = size});
}

void story_send(struct story *story, bool is_from_west)
{
    uint8_t payload[STORY_MESSAGE_SIZE + 4];
    struct byte_writer out = writer_into(payload, sizeof(payload));
    if (story->port != 500) {
        writer_put_u32(&out, 0);
    }
    writer_put_bytes(&out, (struct byte_view){.data = story->message, .size = story->size});
    send_udp(story, is_from_west, (struct byte_view){.data = payload, .size = out.used});
}

void story_esp(struct story *story, bool is_from_west, uint32_t spi, uint32_t sequence, size_t size)
{
    uint8_t packet[STORY_MESSAGE_SIZE + 100];
    uint8_t bytes[STORY_MESSAGE_SIZE] = {0};
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    writer_put_u32(&out, spi);
    writer_put_u32(&out, sequence);
    writer_put_zeros(&out, size - 8);
    const struct byte_view view = {.data = bytes, .size = out.used};
    if (story->port != 500) {
        send_udp(story, is_from_west, view);
        return;
    }
    const size_t total = build_ip(packet, is_from_west ? west : east, is_from_west ? east : west,
                                  IP_PROTOCOL_ESP, view);
    story_packet(story, (struct byte_view){.data = packet, .size = total});
}

// --- the usual beginning --------------------------------------------------------------------

static void put_nat_detection(struct story *story, bool is_from_west, bool is_response)
{
    struct network_path path = {.local = {.port = story->port}, .remote = {.port = story->port}};
    const bool good = address_parse(is_from_west ? west : east, &path.local.address) &&
                      address_parse(is_from_west ? east : west, &path.remote.address);
    const struct ike_spis spis = {.initiator = story->initiator_spi,
                                  .responder = is_response ? responder_spi : 0};
    const bool is_put = good && nat_detection_put(openssl_provider(), &story->draft, spis, &path,
                                                  !story->has_true_hashes && is_from_west);
    assert(is_put);
    (void)is_put;
}

void story_init(struct story *story)
{
    static const char *const words[] = {"aes128gcm16", "prfsha256", "x25519"};
    for (unsigned i = 0; i < 2; i++) {
        story_message(story);
        story_sa(story, 0, words, 3);
        story_ke(story);
        story_payload(story, IKE_PAYLOAD_NONCE, 32);
        put_nat_detection(story, i == 0, i == 1);
        story_clear(story, IKE_EXCHANGE_SA_INIT, i == 1, 0);
        story_send(story, i == 0);
    }
}

void story_auth(struct story *story)
{
    static const char *const words[] = {"aes128gcm16", "noesn"};
    for (unsigned i = 0; i < 2; i++) {
        story_message(story);
        story_payload(story, i == 0 ? IKE_PAYLOAD_IDI : IKE_PAYLOAD_IDR, 12);
        story_payload(story, IKE_PAYLOAD_AUTH, 36);
        story_sa(story, i == 0 ? 0xc0ffee01U : 0xdeadbe02U, words, 2);
        story_selectors(story, "203.0.113.0/26", "203.0.113.64/26");
        story_seal(story, IKE_EXCHANGE_AUTH, i == 0 ? IKE_FLAG_INITIATOR : IKE_FLAG_RESPONSE, 1);
        story_send(story, i == 0);
    }
}
