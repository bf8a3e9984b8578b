// Every kind of finding has a story that shows it, and a clean story shows none.
#include "pcap/explain.h"

#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"
#include "pcap/tests/handshake_sample.h"
#include "pcap/tests/story.h"

static const char west[] = "192.0.2.1";
static const char east[] = "198.51.100.1";
static const char *const gcm[] = {"aes128gcm16", "prfsha256", "x25519"};
static const char *const esp_gcm[] = {"aes128gcm16", "noesn"};

static void add_error(struct story *story, uint16_t type)
{
    story_notify(story, type, (struct byte_view){0});
}

// IKE_SA_INIT of west, answered with one notify.
static void init_refused(struct story *story, uint16_t type, struct byte_view data)
{
    story_message(story);
    story_sa(story, 0, gcm, 3);
    story_ke(story);
    story_payload(story, IKE_PAYLOAD_NONCE, 32);
    story_clear(story, IKE_EXCHANGE_SA_INIT, false, 0);
    story_send(story, true);
    story->iv_counter++; // the next request differs
    story_message(story);
    story_notify(story, type, data);
    story_clear(story, IKE_EXCHANGE_SA_INIT, true, 0);
    story_send(story, false);
}

static void request(struct story *story, uint8_t exchange, uint32_t message_id, size_t size)
{
    story_message(story);
    story_payload(story, IKE_PAYLOAD_IDI, size);
    story_seal(story, exchange, IKE_FLAG_INITIATOR, message_id);
}

static void both_ways(struct story *story, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        story_esp(story, true, 0xdeadbe02U, i, 120);
        story_esp(story, false, 0xc0ffee01U, i, 120);
    }
}

// --- stories --------------------------------------------------------------------------------

static void clean(struct story *story)
{
    story_init(story);
    story_auth(story);
    both_ways(story, 50);
}

static void clean_behind_nat(struct story *story)
{
    story->has_true_hashes = false;
    story_init(story);
    story->port = 4500;
    story_auth(story);
    both_ways(story, 50);
}

static void no_common_proposal(struct story *story)
{
    static const char *const other[] = {"aes256", "sha256", "prfsha256", "modp2048"};
    init_refused(story, NOTIFY_NO_PROPOSAL_CHOSEN, (struct byte_view){0});
    // East's own attempt shows what it would have accepted.
    story->initiator_spi++;
    story_message(story);
    story_sa(story, 0, other, 4);
    story_payload(story, IKE_PAYLOAD_NONCE, 32);
    story_clear(story, IKE_EXCHANGE_SA_INIT, false, 0);
    story_send(story, false);
}

static void invalid_ke(struct story *story, unsigned times)
{
    static const uint8_t group[2] = {0, KE_ECP_256};
    for (unsigned i = 0; i < times; i++) {
        init_refused(story, NOTIFY_INVALID_KE_PAYLOAD, VIEW_OF(group));
    }
    story_init(story);
}

static void invalid_ke_loop(struct story *story)
{
    invalid_ke(story, 3);
}

static void key_exchange_retry(struct story *story)
{
    invalid_ke(story, 1);
}

static void cookie_loop(struct story *story)
{
    static const uint8_t cookie[16] = {1};
    for (unsigned i = 0; i < 4; i++) {
        init_refused(story, NOTIFY_COOKIE, VIEW_OF(cookie));
    }
}

static void weak_algorithm(struct story *story)
{
    static const char *const weak[] = {"3des", "sha1", "modp1024"};
    for (unsigned i = 0; i < 2; i++) {
        story_message(story);
        story_sa(story, 0, weak, 3);
        story_payload(story, IKE_PAYLOAD_NONCE, 32);
        story_clear(story, IKE_EXCHANGE_SA_INIT, i == 1, 0);
        story_send(story, i == 0);
    }
}

static void ikev1(struct story *story)
{
    story_message(story);
    story_payload(story, 1, 40);
    story_clear(story, 2, false, 0);
    story->message[17] = 0x10;
    story_send(story, true);
}

static void version_mismatch(struct story *story)
{
    ikev1(story);
    init_refused(story, NOTIFY_INVALID_MAJOR_VERSION, (struct byte_view){0});
}

static void answer_error(struct story *story, uint8_t exchange, uint32_t message_id, uint16_t type)
{
    story_message(story);
    add_error(story, type);
    story_seal(story, exchange, IKE_FLAG_RESPONSE, message_id);
    story_send(story, false);
}

static void authentication_failed(struct story *story)
{
    story_init(story);
    request(story, IKE_EXCHANGE_AUTH, 1, 100);
    story_send(story, true);
    answer_error(story, IKE_EXCHANGE_AUTH, 1, NOTIFY_AUTHENTICATION_FAILED);
}

static void auth_with_child(struct story *story, const char *local, const char *remote)
{
    story_message(story);
    story_payload(story, IKE_PAYLOAD_IDI, 12);
    story_payload(story, IKE_PAYLOAD_AUTH, 36);
    story_sa(story, 0xc0ffee01U, esp_gcm, 2);
    story_selectors(story, local, remote);
    story_seal(story, IKE_EXCHANGE_AUTH, IKE_FLAG_INITIATOR, 1);
    story_send(story, true);
}

static void selectors_disjoint(struct story *story)
{
    story_init(story);
    auth_with_child(story, "203.0.113.0/26", "203.0.113.64/26");
    answer_error(story, IKE_EXCHANGE_AUTH, 1, NOTIFY_TS_UNACCEPTABLE);
}

static void selectors_narrowed(struct story *story)
{
    story_init(story);
    auth_with_child(story, "203.0.113.0/24", "203.0.113.64/26");
    story_message(story);
    story_payload(story, IKE_PAYLOAD_IDR, 12);
    story_sa(story, 0xdeadbe02U, esp_gcm, 2);
    story_selectors(story, "203.0.113.0/26", "203.0.113.64/26");
    story_seal(story, IKE_EXCHANGE_AUTH, IKE_FLAG_RESPONSE, 1);
    story_send(story, false);
}

static void put_rekey(struct story *story, uint32_t message_id)
{
    story_message(story);
    story_rekey(story, 0xc0ffee01U);
    story_sa(story, 0xc0ffee03U, esp_gcm, 2);
    story_payload(story, IKE_PAYLOAD_NONCE, 32);
    story_selectors(story, "203.0.113.0/26", "203.0.113.64/26");
    story_seal(story, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_FLAG_INITIATOR, message_id);
    story_send(story, true);
}

static void pfs_mismatch(struct story *story)
{
    clean(story);
    put_rekey(story, 2);
    answer_error(story, IKE_EXCHANGE_CREATE_CHILD_SA, 2, NOTIFY_NO_PROPOSAL_CHOSEN);
}

static void peer_error(struct story *story)
{
    clean(story);
    put_rekey(story, 2);
    answer_error(story, IKE_EXCHANGE_CREATE_CHILD_SA, 2, NOTIFY_TEMPORARY_FAILURE);
}

static void repeat(struct story *story, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        story_send(story, true);
        story_wait(story, 1000U << i);
    }
}

static void no_answer(struct story *story)
{
    story_message(story);
    story_sa(story, 0, gcm, 3);
    story_clear(story, IKE_EXCHANGE_SA_INIT, false, 0);
    repeat(story, 4);
}

static void answers_lost(struct story *story)
{
    story_init(story);
    for (unsigned i = 0; i < 4; i++) {
        story->iv_counter = 0;
        request(story, IKE_EXCHANGE_AUTH, 1, 100);
        story_send(story, true);
        story->iv_counter = 0;
        story_message(story);
        story_payload(story, IKE_PAYLOAD_IDR, 100);
        story_seal(story, IKE_EXCHANGE_AUTH, IKE_FLAG_RESPONSE, 1);
        story_send(story, false);
        story_wait(story, 1000);
    }
}

static void port_4500_blocked(struct story *story)
{
    story_init(story);
    story->port = 4500;
    request(story, IKE_EXCHANGE_AUTH, 1, 200);
    repeat(story, 4);
}

static void ike_fragments_lost(struct story *story)
{
    story_init(story);
    for (unsigned i = 0; i < 3; i++) {
        story_part(story, IKE_EXCHANGE_AUTH, IKE_FLAG_INITIATOR, 1, 3);
        story_send(story, true);
        story_part(story, IKE_EXCHANGE_AUTH, IKE_FLAG_INITIATOR, 3, 3);
        story_send(story, true);
        story_wait(story, 2000);
    }
}

static void fragmentation_off(struct story *story)
{
    story_init(story);
    request(story, IKE_EXCHANGE_AUTH, 1, 2500);
    repeat(story, 4);
}

// Cuts a UDP packet into two IP fragments; the second one comes if asked for.
static void send_in_fragments(struct story *story, bool is_whole)
{
    uint8_t packet[STORY_MESSAGE_SIZE + 100];
    uint8_t part[STORY_MESSAGE_SIZE + 100];
    const struct byte_view message = {.data = story->message, .size = story->size};
    const size_t size = build_udp(packet, west, 500, east, 500, message) - 20;
    for (size_t i = 0; i < (is_whole ? 2U : 1U); i++) {
        const size_t start = i * 1480;
        const struct byte_view payload = {.data = packet + 20 + start,
                                          .size = i == 0 ? 1480 : size - 1480};
        const size_t total = build_ip(part, west, east, IP_PROTOCOL_UDP, payload);
        part[4] = 0x33;
        part[6] = i == 0 ? 0x20 : 0;
        part[7] = (uint8_t)(start / 8);
        story_packet(story, (struct byte_view){.data = part, .size = total});
    }
}

static void packet_parts_lost(struct story *story)
{
    story_init(story);
    request(story, IKE_EXCHANGE_AUTH, 1, 2000);
    send_in_fragments(story, false);
}

static void ike_in_ip_fragments(struct story *story)
{
    story_init(story);
    request(story, IKE_EXCHANGE_AUTH, 1, 2000);
    send_in_fragments(story, true);
    story_message(story);
    story_payload(story, IKE_PAYLOAD_IDR, 100);
    story_seal(story, IKE_EXCHANGE_AUTH, IKE_FLAG_RESPONSE, 1);
    story_send(story, false);
}

static void ports_not_floated(struct story *story)
{
    story->has_true_hashes = false;
    story_init(story);
    story_auth(story);
}

static void esp_not_encapsulated(struct story *story)
{
    story->has_true_hashes = false;
    story_init(story);
    story->port = 4500;
    story_auth(story);
    story->port = 500; // of this story: bare ESP
    both_ways(story, 20);
}

static void nat_mapping_changed(struct story *story)
{
    clean_behind_nat(story);
    story->port = 4711;
    request(story, IKE_EXCHANGE_INFORMATIONAL, 2, 10);
    story_send(story, true);
}

static void put_icmp(struct story *story, uint8_t code, uint16_t mtu)
{
    uint8_t quoted[256];
    uint8_t icmp[128];
    uint8_t packet[256];
    static const uint8_t data[32] = {1};
    struct byte_writer out = writer_into(icmp, sizeof(icmp));
    const size_t size = build_udp(quoted, west, 500, east, 500, VIEW_OF(data));
    writer_put_u8(&out, 3);
    writer_put_u8(&out, code);
    writer_put_u16(&out, 0);
    writer_put_u16(&out, 0);
    writer_put_u16(&out, mtu);
    writer_put_bytes(&out, (struct byte_view){.data = quoted, .size = size < 28 ? size : 28});
    const size_t total = build_ip(packet, east, west, IP_PROTOCOL_ICMP,
                                  (struct byte_view){.data = icmp, .size = out.used});
    story_packet(story, (struct byte_view){.data = packet, .size = total});
}

static void peer_unreachable(struct story *story)
{
    put_icmp(story, 3, 0);
}

static void packet_too_big(struct story *story)
{
    put_icmp(story, 4, 1400);
}

static void peer_dead(struct story *story)
{
    clean(story);
    request(story, IKE_EXCHANGE_INFORMATIONAL, 2, 1);
    repeat(story, 5);
}

static void esp_one_way(struct story *story)
{
    story_init(story);
    story_auth(story);
    for (uint32_t i = 1; i < 30; i++) {
        story_esp(story, true, 0xdeadbe02U, i, 120);
    }
}

static void esp_loss(struct story *story)
{
    clean(story);
    for (uint32_t i = 60; i < 90; i++) {
        story_esp(story, true, 0xdeadbe02U, i, 120);
    }
}

static void esp_replayed(struct story *story)
{
    clean(story);
    story_esp(story, true, 0xdeadbe02U, 45, 120);
}

static void esp_reordered(struct story *story)
{
    story_init(story);
    story_auth(story);
    for (uint32_t i = 1; i < 200; i++) {
        if (i != 20) {
            story_esp(story, true, 0xdeadbe02U, i, 120);
        }
        story_esp(story, false, 0xc0ffee01U, i, 120);
    }
    story_esp(story, true, 0xdeadbe02U, 20, 120);
}

static void esp_unknown_spi(struct story *story)
{
    clean(story);
    story_esp(story, true, 0x0badcafeU, 1, 120);
}

static void mtu_black_hole(struct story *story)
{
    clean(story);
    for (uint32_t i = 0; i < 5; i++) {
        story_esp(story, true, 0xdeadbe02U, 51 + i, 1448);
        story_wait(story, 200U << i);
    }
}

static void clear_text(struct story *story)
{
    uint8_t packet[128];
    static const uint8_t data[16] = {1};
    clean(story);
    const size_t size = build_udp(packet, "203.0.113.2", 7000, "203.0.113.66", 7000, VIEW_OF(data));
    story_packet(story, (struct byte_view){.data = packet, .size = size});
}

static void put_child_answer(struct story *story, uint32_t message_id, uint32_t spi)
{
    story_message(story);
    story_sa(story, spi, esp_gcm, 2);
    story_payload(story, IKE_PAYLOAD_NONCE, 32);
    story_selectors(story, "203.0.113.0/26", "203.0.113.64/26");
    story_seal(story, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_FLAG_RESPONSE, message_id);
    story_send(story, false);
}

static void rekey_collision(struct story *story)
{
    clean(story);
    put_rekey(story, 2);
    story_message(story);
    story_rekey(story, 0xdeadbe02U);
    story_sa(story, 0xdeadbe05U, esp_gcm, 2);
    story_payload(story, IKE_PAYLOAD_NONCE, 32);
    story_seal(story, IKE_EXCHANGE_CREATE_CHILD_SA, 0, 0);
    story_send(story, false);
    put_child_answer(story, 2, 0xdeadbe04U);
}

static void rekey_storm(struct story *story)
{
    clean(story);
    for (uint32_t i = 2; i < 10; i++) {
        put_rekey(story, i);
        put_child_answer(story, i, 0xdeadbe10U + i);
    }
}

static void tunnel_flapping(struct story *story)
{
    for (unsigned i = 0; i < 4; i++) {
        story->initiator_spi++;
        story_init(story);
        story_wait(story, 5000);
    }
}

static void request_changed(struct story *story)
{
    story_init(story);
    request(story, IKE_EXCHANGE_AUTH, 1, 100);
    story_send(story, true);
    story_wait(story, 1000);
    request(story, IKE_EXCHANGE_AUTH, 1, 101);
    story_send(story, true);
}

static void malformed(struct story *story)
{
    story_init(story);
    story->size /= 2;
    story_send(story, true);
}

static const struct {
    enum finding_kind kind; // FINDING_KIND_COUNT: nothing is wrong
    void (*tell)(struct story *story);
    bool needs_keys;
} stories[] = {
    {FINDING_KIND_COUNT,            clean,                 false},
    {FINDING_NAT_FOUND,             clean_behind_nat,      false},
    {FINDING_NO_COMMON_PROPOSAL,    no_common_proposal,    false},
    {FINDING_INVALID_KE_LOOP,       invalid_ke_loop,       false},
    {FINDING_KEY_EXCHANGE_RETRY,    key_exchange_retry,    false},
    {FINDING_COOKIE_LOOP,           cookie_loop,           false},
    {FINDING_WEAK_ALGORITHM,        weak_algorithm,        false},
    {FINDING_IKEV1,                 ikev1,                 false},
    {FINDING_VERSION_MISMATCH,      version_mismatch,      false},
    {FINDING_AUTHENTICATION_FAILED, authentication_failed, false},
    {FINDING_SELECTORS_DISJOINT,    selectors_disjoint,    true },
    {FINDING_SELECTORS_NARROWED,    selectors_narrowed,    true },
    {FINDING_PFS_MISMATCH,          pfs_mismatch,          true },
    {FINDING_REKEY_REFUSED,         pfs_mismatch,          false},
    {FINDING_PEER_ERROR,            peer_error,            true },
    {FINDING_NO_ANSWER,             no_answer,             false},
    {FINDING_ANSWERS_LOST,          answers_lost,          false},
    {FINDING_PORT_4500_BLOCKED,     port_4500_blocked,     false},
    {FINDING_IKE_FRAGMENTS_LOST,    ike_fragments_lost,    false},
    {FINDING_IP_FRAGMENTS_LOST,     packet_parts_lost,     false},
    {FINDING_IKE_IN_IP_FRAGMENTS,   ike_in_ip_fragments,   false},
    {FINDING_FRAGMENTATION_OFF,     fragmentation_off,     false},
    {FINDING_PORTS_NOT_FLOATED,     ports_not_floated,     false},
    {FINDING_ESP_NOT_ENCAPSULATED,  esp_not_encapsulated,  false},
    {FINDING_NAT_MAPPING_CHANGED,   nat_mapping_changed,   false},
    {FINDING_PEER_UNREACHABLE,      peer_unreachable,      false},
    {FINDING_PACKET_TOO_BIG,        packet_too_big,        false},
    {FINDING_PEER_DEAD,             peer_dead,             false},
    {FINDING_ESP_ONE_WAY,           esp_one_way,           false},
    {FINDING_ESP_LOSS,              esp_loss,              false},
    {FINDING_ESP_REPLAYED,          esp_replayed,          false},
    {FINDING_ESP_REORDERED,         esp_reordered,         false},
    {FINDING_ESP_UNKNOWN_SPI,       esp_unknown_spi,       true },
    {FINDING_MTU_BLACK_HOLE,        mtu_black_hole,        false},
    {FINDING_CLEAR_TEXT,            clear_text,            true },
    {FINDING_REKEY_COLLISION,       rekey_collision,       false},
    {FINDING_REKEY_STORM,           rekey_storm,           false},
    {FINDING_TUNNEL_FLAPPING,       tunnel_flapping,       false},
    {FINDING_REQUEST_CHANGED,       request_changed,       false},
    {FINDING_MALFORMED,             malformed,             false},
};

// --- telling them ---------------------------------------------------------------------------

static struct evidence *gather(const struct capture_builder *capture, const char *key_text)
{
    struct key_file keys = {0};
    struct key_fault key_fault;
    struct capture_fault fault;
    struct evidence *evidence = NULL;
    const bool good = key_file_parse(
        &keys, (struct byte_view){.data = (const uint8_t *)key_text, .size = strlen(key_text)},
        &key_fault);
    struct capture_file *file = capture_file_over(
        (struct byte_view){.data = capture->bytes, .size = capture->size}, &fault);
    if (good && file != NULL) {
        evidence = evidence_gather(file, &keys, &fault);
    }
    capture_file_close(file);
    key_file_clear(&keys);
    return evidence;
}

// A finding beside the wanted one may only be one that comes with it.
static bool is_companion(enum finding_kind kind, enum finding_kind wanted)
{
    return kind == wanted || kind == FINDING_NAT_FOUND ||
           (wanted == FINDING_VERSION_MISMATCH && kind == FINDING_NO_COMMON_PROPOSAL) ||
           (wanted == FINDING_NAT_MAPPING_CHANGED && kind == FINDING_NO_ANSWER) ||
           (wanted == FINDING_REQUEST_CHANGED && kind == FINDING_NO_ANSWER);
}

static void tell(size_t index, bool with_keys)
{
    struct story *story = calloc(1, sizeof(*story));
    struct finding_list *list = calloc(1, sizeof(*list));
    const enum finding_kind wanted = stories[index].kind;
    const char *name = wanted == FINDING_KIND_COUNT ? "clean" : finding_words_of(wanted)->name;
    if (story == NULL || list == NULL) {
        free(story);
        free(list);
        ok(false, "out of memory");
        return;
    }
    story_begin(story);
    stories[index].tell(story);
    struct evidence *evidence = gather(&story->capture, with_keys ? story_keys() : "");
    ok(evidence != NULL, "%s: read", name);
    if (evidence != NULL) {
        explain(evidence, list);
        ok(wanted == FINDING_KIND_COUNT || finding_list_has(list, wanted), "%s: found%s", name,
           with_keys ? " with keys" : "");
        for (size_t i = 0; i < list->count; i++) {
            const struct finding *finding = &list->items[i];
            ok(is_companion(finding->kind, wanted), "%s: and not %s: %s", name,
               finding_words_of(finding->kind)->name, finding->what);
            ok(finding->frame_count > 0, "%s: with a frame", name);
        }
        json_t *root = findings_to_json(evidence, list);
        ok(json_array_size(json_object_get(root, "findings")) == list->count, "%s: as JSON", name);
        json_decref(root);
    }
    evidence_free(evidence);
    builder_clear(&story->capture);
    free(story);
    free(list);
}

static void finds_what_each_story_shows_and_nothing_else(void)
{
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        tell(i, stories[i].needs_keys);
    }
}

static void every_kind_has_its_words(void)
{
    for (unsigned i = 0; i < FINDING_KIND_COUNT; i++) {
        const struct finding_words *words = finding_words_of((enum finding_kind)i);
        enum finding_kind found = FINDING_KIND_COUNT;
        ok(words->name != NULL && words->clause != NULL && words->title != NULL &&
               words->cause != NULL && words->change != NULL &&
               finding_kind_from_name(words->name, &found) && found == (enum finding_kind)i,
           "kind %u: %s", i, words->name);
    }
}

static void finds_damaged_esp_with_keys(void)
{
    struct capture_builder capture;
    struct finding_list *list = calloc(1, sizeof(*list));
    const struct sample_faults faults = {.esp_damaged = true};
    sample_build(&faults, &capture);
    struct evidence *evidence = gather(&capture, sample_esp_keys());
    ok(evidence != NULL && list != NULL, "read");
    if (evidence != NULL && list != NULL) {
        explain(evidence, list);
        ok(finding_list_has(list, FINDING_ESP_NOT_AUTHENTIC), "one packet is not authentic");
    }
    evidence_free(evidence);
    builder_clear(&capture);
    free(list);
}

static void finds_nothing_in_the_clean_sample(void)
{
    struct capture_builder capture;
    struct finding_list *list = calloc(1, sizeof(*list));
    const struct sample_faults faults = {0};
    sample_build(&faults, &capture);
    struct evidence *evidence = gather(&capture, sample_ike_keys());
    ok(evidence != NULL && list != NULL, "read");
    if (evidence != NULL && list != NULL) {
        explain(evidence, list);
        for (size_t i = 0; i < list->count; i++) { // its NAT hashes are not real
            ok(list->items[i].kind == FINDING_NAT_FOUND ||
                   list->items[i].kind == FINDING_PORTS_NOT_FLOATED ||
                   list->items[i].kind == FINDING_ESP_NOT_ENCAPSULATED,
               "%s", list->items[i].what);
        }
    }
    evidence_free(evidence);
    builder_clear(&capture);
    free(list);
}

int main(void)
{
    finds_what_each_story_shows_and_nothing_else();
    every_kind_has_its_words();
    finds_damaged_esp_with_keys();
    finds_nothing_in_the_clean_sample();
    return done_testing();
}
