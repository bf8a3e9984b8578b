#include "pcap/tests/handshake_sample.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/capture_file.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/ike/message_protection.h"
#include "refgw/wire/authentication.h"
#include "refgw/wire/delete.h"
#include "refgw/wire/esp_packet.h"
#include "refgw/wire/identification.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/notify.h"
#include "refgw/wire/security_association.h"
#include "refgw/wire/traffic_selector.h"

enum { MESSAGE_SIZE = 2048, MILLISECOND = 1000, KEY_SIZE = 20 };

static const uint64_t initiator_spi = 0xc1a2b3c4d5e6f708U;
static const uint64_t responder_spi = 0x0011223344556677U;
static const uint8_t west_spi[] = {0xc0, 0xff, 0xee, 0x01};
static const uint8_t east_spi[] = {0xde, 0xad, 0xbe, 0x02};
// SK_ei, SK_er, ESP west to east, ESP east to west: AES-128 key and salt.
static const uint8_t keys[4][KEY_SIZE] = {
    {0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
    {0x02, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
    {0x03, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
    {0x04, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
};

const char *sample_ike_keys(void)
{
    return "# made by hand\n"
           "IKE c1a2b3c4d5e6f708 0011223344556677 0 1 0 aes128gcm16 "
           "010102030405060708090a0b0c0d0e0f10111213 020102030405060708090a0b0c0d0e0f10111213 "
           "- - -\n";
}

const char *sample_esp_keys(void)
{
    return "ESP 192.0.2.1 198.51.100.1 deadbe02 aes128gcm16 "
           "030102030405060708090a0b0c0d0e0f10111213 - - 0\n"
           "ESP 198.51.100.1 192.0.2.1 c0ffee01 aes128gcm16 "
           "040102030405060708090a0b0c0d0e0f10111213 - - 0\n";
}

// Where the next packet goes.
struct sample {
    const struct sample_faults *faults;
    struct capture_builder *capture;
    uint64_t time_us;
    uint64_t iv_counter;
    uint16_t port;
    uint8_t message[MESSAGE_SIZE];
    size_t message_size;
};

static struct byte_view message_view(const struct sample *sample)
{
    return (struct byte_view){.data = sample->message, .size = sample->message_size};
}

static void put_frame(struct sample *sample, bool is_from_west, bool leaves, const char *comment)
{
    uint8_t payload[MESSAGE_SIZE + 4];
    uint8_t packet[MESSAGE_SIZE + 100];
    struct byte_writer writer = writer_into(payload, sizeof(payload));
    if (sample->port == 4500) {
        writer_put_u32(&writer, 0);
    }
    writer_put_bytes(&writer, message_view(sample));
    const struct byte_view datagram = {.data = payload, .size = writer.used};
    const char *west = "192.0.2.1";
    const char *east = "198.51.100.1";
    const size_t size = build_udp(packet, is_from_west ? west : east, sample->port,
                                  is_from_west ? east : west, sample->port, datagram);
    const struct byte_view view = {.data = packet, .size = size};
    sample->time_us += MILLISECOND;
    builder_packet(sample->capture, 0, sample->time_us, view, comment);
    if (leaves) {
        builder_packet(sample->capture, 1, sample->time_us + 20, view, NULL);
    }
}

// --- payloads -------------------------------------------------------------------------------

struct chain {
    uint8_t bytes[MESSAGE_SIZE];
    struct byte_writer out;
    struct message_draft draft;
    uint8_t first_type;
};

static void chain_begin(struct chain *chain)
{
    chain->out = writer_into(chain->bytes, sizeof(chain->bytes));
    payload_chain_begin(&chain->draft, &chain->out, &chain->first_type);
}

static void put_association(struct message_draft *draft, uint8_t protocol, struct byte_view spi,
                            uint16_t key_bits)
{
    struct security_association *association = calloc(1, sizeof(*association));
    assert(association != NULL);
    struct proposal *proposal = &association->proposals[0];
    association->proposal_count = 1;
    proposal->number = 1;
    proposal->protocol = protocol;
    proposal->spi = spi;
    proposal->transforms[proposal->transform_count++] = (struct transform){
        .type = IKE_TRANSFORM_ENCR, .number = ENCR_AES_GCM_16, .key_bits = key_bits};
    if (protocol == IKE_PROTOCOL_IKE) {
        proposal->transforms[proposal->transform_count++] =
            (struct transform){.type = IKE_TRANSFORM_PRF, .number = PRF_HMAC_SHA2_256};
        proposal->transforms[proposal->transform_count++] =
            (struct transform){.type = IKE_TRANSFORM_KE, .number = KE_CURVE25519};
    } else {
        proposal->transforms[proposal->transform_count++] =
            (struct transform){.type = IKE_TRANSFORM_SN, .number = SN_32_BIT_SEQUENTIAL};
    }
    payload_begin(draft, IKE_PAYLOAD_SA, false);
    security_association_write(draft->out, association);
    payload_end(draft);
    free(association);
}

static void put_plain(struct message_draft *draft, uint8_t type, size_t size)
{
    payload_begin(draft, type, false);
    for (size_t i = 0; i < size; i++) {
        writer_put_u8(draft->out, (uint8_t)(i + type));
    }
    payload_end(draft);
}

static void put_notify(struct message_draft *draft, uint16_t type, size_t data_size)
{
    static const uint8_t data[20] = {1, 2, 3};
    const struct notify notify = {
        .type = type, .data = {.data = data, .size = data_size}
    };
    payload_begin(draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(draft->out, &notify);
    payload_end(draft);
}

static void put_key_exchange(struct message_draft *draft)
{
    static const uint8_t value[32] = {9};
    const struct key_exchange exchange = {.method = KE_CURVE25519, .data = VIEW_OF(value)};
    payload_begin(draft, IKE_PAYLOAD_KE, false);
    key_exchange_write(draft->out, &exchange);
    payload_end(draft);
}

static void put_identity(struct message_draft *draft, uint8_t type, const char *name)
{
    const struct identification identification = {
        .type = ID_FQDN, .data = {.data = (const uint8_t *)name, .size = strlen(name)}
    };
    payload_begin(draft, type, false);
    identification_write(draft->out, &identification);
    payload_end(draft);
}

static void put_authentication(struct message_draft *draft)
{
    static const uint8_t data[32] = {7};
    const struct authentication authentication = {.method = AUTH_METHOD_SHARED_KEY,
                                                  .data = VIEW_OF(data)};
    payload_begin(draft, IKE_PAYLOAD_AUTH, false);
    authentication_write(draft->out, &authentication);
    payload_end(draft);
}

static void put_selector(struct message_draft *draft, uint8_t type, const char *prefix)
{
    struct traffic_selector_list list = {.count = 1, .items[0] = {.end_port = UINT16_MAX}};
    const bool good =
        prefix_parse(prefix, &list.items[0].start_address, &list.items[0].end_address);
    assert(good);
    payload_begin(draft, type, false);
    if (good) {
        traffic_selector_list_write(draft->out, &list);
    }
    payload_end(draft);
}

// --- messages -------------------------------------------------------------------------------

static void build_init(struct sample *sample, bool is_response)
{
    struct byte_writer out = writer_into(sample->message, sizeof(sample->message));
    struct message_draft draft;
    struct byte_view bytes = {0};
    const struct ike_header header = {
        .initiator_spi = initiator_spi,
        .responder_spi = is_response ? responder_spi : 0,
        .major_version = 2,
        .exchange_type = IKE_EXCHANGE_SA_INIT,
        .flags = is_response ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR,
    };
    message_begin(&draft, &out, &header);
    put_association(&draft, IKE_PROTOCOL_IKE, (struct byte_view){0}, 128);
    put_key_exchange(&draft);
    put_plain(&draft, IKE_PAYLOAD_NONCE, 32);
    put_notify(&draft, NOTIFY_NAT_DETECTION_SOURCE_IP, 20);
    put_notify(&draft, NOTIFY_NAT_DETECTION_DESTINATION_IP, 20);
    const bool good = message_finish(&draft, &bytes);
    assert(good);
    sample->message_size = good ? bytes.size : 0;
}

static struct aead *open_aead(unsigned key)
{
    const struct aead_choice choice = {.encryption = ENCR_AES_GCM_16, .key_bits = 128};
    struct aead *aead =
        openssl_provider()->aead_new(&choice, VIEW_OF(keys[key]), (struct byte_view){0});
    assert(aead != NULL);
    return aead;
}

static void seal(struct sample *sample, struct chain *chain, uint8_t exchange, uint8_t flags,
                 uint32_t message_id)
{
    const struct aead_choice choice = {.encryption = ENCR_AES_GCM_16, .key_bits = 128};
    struct message_cipher cipher = {.crypto = openssl_provider()};
    struct byte_writer out = writer_into(sample->message, sizeof(sample->message));
    struct byte_view plain = {0};
    const struct ike_header header = {
        .initiator_spi = initiator_spi,
        .responder_spi = responder_spi,
        .major_version = 2,
        .exchange_type = exchange,
        .flags = flags,
        .message_id = message_id,
    };
    cipher.aead = open_aead((flags & IKE_FLAG_INITIATOR) != 0 ? 0 : 1);
    const bool good =
        cipher.crypto->aead_sizes(&choice, &cipher.sizes) &&
        message_finish(&chain->draft, &plain) &&
        message_seal(&cipher, &header, chain->first_type, plain, ++sample->iv_counter, &out);
    assert(good);
    sample->message_size = good ? out.used : 0;
    cipher.crypto->aead_free(cipher.aead);
}

static void build_auth_request(struct sample *sample, const char *name)
{
    struct chain chain;
    chain_begin(&chain);
    put_identity(&chain.draft, IKE_PAYLOAD_IDI, name);
    put_authentication(&chain.draft);
    put_association(&chain.draft, IKE_PROTOCOL_ESP, VIEW_OF(west_spi), 128);
    put_selector(&chain.draft, IKE_PAYLOAD_TSI, "203.0.113.0/26");
    put_selector(&chain.draft, IKE_PAYLOAD_TSR, "203.0.113.64/26");
    put_notify(&chain.draft, NOTIFY_INITIAL_CONTACT, 0);
    seal(sample, &chain, IKE_EXCHANGE_AUTH, IKE_FLAG_INITIATOR, 1);
}

static void build_auth_response(struct sample *sample)
{
    struct chain chain;
    chain_begin(&chain);
    if (sample->faults->auth_refused) {
        put_notify(&chain.draft, NOTIFY_AUTHENTICATION_FAILED, 0);
    } else {
        put_identity(&chain.draft, IKE_PAYLOAD_IDR, "east.example.test");
        put_authentication(&chain.draft);
        put_association(&chain.draft, IKE_PROTOCOL_ESP, VIEW_OF(east_spi),
                        sample->faults->wrong_cipher ? 256 : 128);
        put_selector(&chain.draft, IKE_PAYLOAD_TSI, "203.0.113.0/26");
        put_selector(&chain.draft, IKE_PAYLOAD_TSR, "203.0.113.64/26");
    }
    seal(sample, &chain, IKE_EXCHANGE_AUTH, IKE_FLAG_RESPONSE, 1);
}

static void build_delete(struct sample *sample, bool is_response)
{
    struct chain chain;
    const struct delete_payload deleted = {.protocol = IKE_PROTOCOL_IKE};
    chain_begin(&chain);
    if (!is_response) {
        payload_begin(&chain.draft, IKE_PAYLOAD_DELETE, false);
        delete_payload_write(chain.draft.out, &deleted);
        payload_end(&chain.draft);
    }
    seal(sample, &chain, IKE_EXCHANGE_INFORMATIONAL,
         is_response ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR, 2);
}

// --- ESP ------------------------------------------------------------------------------------

static size_t build_probe(uint8_t *out, bool is_from_west)
{
    static const uint8_t tag[] = "ikelab-probe/1\0\0 and more";
    const char *west = "203.0.113.2";
    const char *east = "203.0.113.66";
    return build_udp(out, is_from_west ? west : east, 7000, is_from_west ? east : west, 7000,
                     VIEW_OF(tag));
}

static void build_esp(struct sample *sample, bool is_from_west, uint32_t sequence)
{
    uint8_t text[512];
    uint8_t icv[16] = {0};
    uint8_t iv[8];
    uint8_t header[8];
    struct byte_writer head = writer_into(header, sizeof(header));
    struct byte_writer out = writer_into(sample->message, sizeof(sample->message));
    const size_t inner = build_probe(text, is_from_west);
    struct byte_writer trailer = writer_into(text + inner, sizeof(text) - inner);
    const struct crypto_provider *crypto = openssl_provider();
    struct aead *aead = open_aead(is_from_west ? 2 : 3);

    esp_trailer_write(&trailer, esp_padding_size(inner, 4), IP_PROTOCOL_IPV4);
    writer_put_bytes(&head, is_from_west ? VIEW_OF(east_spi) : VIEW_OF(west_spi));
    writer_put_u32(&head, sequence);
    const struct aead_job job = {
        .associated = VIEW_OF(header),
        .iv = VIEW_OF(iv),
        .text = text,
        .text_size = inner + trailer.used,
        .icv = icv,
    };
    const bool good = crypto->aead_make_iv(aead, sequence, iv) && crypto->aead_seal(aead, &job);
    assert(good);
    writer_put_bytes(&out, VIEW_OF(header));
    writer_put_bytes(&out, VIEW_OF(iv));
    writer_put_bytes(&out, (struct byte_view){.data = text, .size = job.text_size});
    writer_put_bytes(&out, VIEW_OF(icv));
    sample->message_size = good ? out.used : 0;
    crypto->aead_free(aead);
}

static void put_esp_frame(struct sample *sample, bool is_from_west)
{
    uint8_t packet[MESSAGE_SIZE + 100];
    const char *west = "192.0.2.1";
    const char *east = "198.51.100.1";
    const char *source = is_from_west ? west : east;
    const char *destination = is_from_west ? east : west;
    const size_t size =
        sample->port == 4500
            ? build_udp(packet, source, 4500, destination, 4500, message_view(sample))
            : build_ip(packet, source, destination, IP_PROTOCOL_ESP, message_view(sample));
    const struct byte_view view = {.data = packet, .size = size};
    sample->time_us += MILLISECOND;
    builder_packet(sample->capture, 0, sample->time_us, view, NULL);
    builder_packet(sample->capture, 1, sample->time_us + 20, view, NULL);
}

static void put_traffic(struct sample *sample)
{
    const struct sample_faults *faults = sample->faults;
    for (uint32_t i = 1; i <= SAMPLE_ESP_PACKETS; i++) {
        build_esp(sample, true, faults->sequence_repeated && i == 3 ? 2 : i);
        if (faults->esp_damaged && i == 2) {
            sample->message[sample->message_size - 1] ^= 1;
        }
        put_esp_frame(sample, true);
        build_esp(sample, false, i);
        put_esp_frame(sample, false);
    }
    if (faults->clear_text) {
        uint8_t packet[256];
        const size_t size = build_probe(packet, true);
        sample->time_us += MILLISECOND;
        builder_packet(sample->capture, 0, sample->time_us,
                       (struct byte_view){.data = packet, .size = size}, NULL);
    }
}

// --- the run --------------------------------------------------------------------------------

static void put_auth(struct sample *sample)
{
    const struct sample_faults *faults = sample->faults;
    build_auth_request(sample, "west.example.test");
    put_frame(sample, true, true, NULL);
    if (faults->request_changed) {
        build_auth_request(sample, "changed.example.test");
    }
    if (faults->request_changed || faults->request_repeated) {
        sample->time_us += (uint64_t)1000 * MILLISECOND;
        put_frame(sample, true, true, NULL);
    }
    if (faults->auth_response_missing) {
        return;
    }
    build_auth_response(sample);
    put_frame(sample, false, !faults->auth_response_lost,
              faults->auth_response_lost ? "rule 22: drop" : NULL);
}

void sample_build(const struct sample_faults *faults, struct capture_builder *out_builder)
{
    struct sample *sample = calloc(1, sizeof(*sample));
    assert(sample != NULL);
    sample->faults = faults;
    sample->capture = out_builder;
    sample->time_us = (uint64_t)SAMPLE_START_S * 1000000;
    sample->port = 500;
    builder_begin(out_builder, BUILDER_PCAPNG, true, 0);
    builder_interface(out_builder, LINK_RAW, "arrived", 6);
    builder_interface(out_builder, LINK_RAW, "left", 6);
    build_init(sample, false);
    put_frame(sample, true, true, NULL);
    build_init(sample, true);
    put_frame(sample, false, true, NULL);
    sample->port = faults->encapsulated ? 4500 : 500;
    put_auth(sample);
    if (!faults->auth_response_lost && !faults->auth_response_missing && !faults->auth_refused) {
        put_traffic(sample);
        sample->time_us += (uint64_t)100 * MILLISECOND;
    }
    if (!faults->delete_missing) {
        build_delete(sample, false);
        put_frame(sample, true, true, NULL);
        build_delete(sample, true);
        put_frame(sample, false, true, NULL);
    }
    if (faults->malformed) {
        build_init(sample, false);
        sample->message_size /= 2;
        put_frame(sample, true, true, NULL);
    }
    free(sample);
}
